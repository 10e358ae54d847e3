// The firmware of the board that the tests talk to: eight values, and a counter that speaks.
//
//   SET n v    OK n v            BUSY ms    blocks for so long, then OK BUSY ms
//   GET n      VAL n v           EVERY ms   the time between two events, 0 for none; OK EVERY ms
//   TAG x      TAG x c           c counts the requests since the start
//
// It says READY at its start, EVT,count,milliseconds all the while, and ERR to what it does not
// know. It hears with the 64 bytes of the Arduino core, and with nothing while it is busy.
#include <avr/interrupt.h>
#include <avr/sleep.h>

static long values[8];
static unsigned long counted, events, period = 100, due;
static char line[48];
static byte length;

static void say(const __FlashStringHelper *what, const char *first, const char *second) {
  Serial.print(what);
  Serial.print(' ');
  Serial.print(first);
  Serial.print(' ');
  Serial.println(second);
}

static void answer() {
  char text[12];
  char *word = strtok(line, " "), *first = strtok(NULL, " "), *second = strtok(NULL, " ");
  if (!word) return;  // a bare end of a line
  counted++;
  if (!first) first = (char *)"";
  unsigned index = atoi(first) - 1;
  if (!strcmp_P(word, PSTR("TAG"))) {
    say(F("TAG"), first, ultoa(counted, text, 10));
  } else if (!strcmp_P(word, PSTR("BUSY"))) {
    delay(atoi(first));
    say(F("OK"), word, first);
  } else if (!strcmp_P(word, PSTR("EVERY"))) {
    period = atoi(first);
    due = millis() + period;
    say(F("OK"), word, first);
  } else if (!strcmp_P(word, PSTR("SET")) && second && index < 8) {
    values[index] = atol(second);
    say(F("OK"), first, second);
  } else if (!strcmp_P(word, PSTR("GET")) && index < 8) {
    say(F("VAL"), first, ltoa(values[index], text, 10));
  } else {
    say(F("ERR"), word, first);
  }
}

void setup() {
  Serial.begin(BOARD_BAUD);
  Serial.println(F("READY fw 1.0"));
  set_sleep_mode(SLEEP_MODE_IDLE);
}

void loop() {
  while (Serial.available()) {
    char c = Serial.read();
    if (c == '\n') {
      line[length] = 0;
      length = 0;
      answer();
    } else if (c != '\r' && length < sizeof line - 1) {
      line[length++] = c;
    }
  }
  if (period && (long)(millis() - due) >= 0) {
    due = millis() + period;
    Serial.print(F("EVT,"));
    Serial.print(++events);
    Serial.print(',');
    Serial.println(millis());
  }
  cli();  // until the next interrupt, which is one of the timer's, or a byte
  if (!Serial.available()) {
    sleep_enable();
    sei();
    sleep_cpu();
    sleep_disable();
  }
  sei();
}
