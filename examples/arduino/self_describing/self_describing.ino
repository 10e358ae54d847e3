// A device that describes itself: the sender "green" fires the event "t" once a second, with the
// voltage at A0, and answers the request "led" with 1 or 0. docs/serial-firmware.md has the rules.
//
// On the host:
//
//   [serial.garden]
//   port = "/dev/ttyACM0"
//   baud = 115200
//   speaks = "pysig"
//
// Nothing here waits, and nothing but the core is needed. Where it all takes too much room, leave the
// checksum out.

const unsigned long BAUD = 115200;
const unsigned long INTERVAL = 1000;  // milliseconds between two events
const bool CHECKSUM = true;
const unsigned ROOM = 64;  // bytes of the longest line that is taken; the hello tells

char line[ROOM + 1];
unsigned length = 0;  // of what has come of a line; ROOM + 1 if that is too long
unsigned long before = 0;

// Differs from start to start: on an AVR it survives a reset, and is random when power comes.
#ifdef __AVR__
unsigned int boot __attribute__((section(".noinit")));
#else
unsigned int boot;
#endif

// Sends a line, and adds up its checksum on the way.
class Line : public Print {
 public:
  size_t write(uint8_t byte) override {
    sum ^= byte;
    return Serial.write(byte);
  }
  using Print::write;

  void end() {
    if (CHECKSUM) {
      byte check = sum;
      Serial.write('*');
      Serial.write("0123456789ABCDEF"[check >> 4]);
      Serial.write("0123456789ABCDEF"[check & 15]);
    }
    Serial.write('\n');
    sum = 0;
  }

 private:
  byte sum = 0;
};

Line out;

void sayHello() {
  out.print(F("{\"hello\":\"green\",\"events\":[\"t\"],\"requests\":[\"led\"],\"boot\":"));
  out.print(boot);
  out.print(F(",\"buffer\":"));
  out.print(ROOM);
  if (CHECKSUM) out.print(F(",\"checksum\":true"));
  out.print('}');
  out.end();
}

void sayEvent() {
  out.print(F("{\"event\":\"t\",\"data\":"));
  out.print(analogRead(A0) * 5.0 / 1023);
  out.print('}');
  out.end();
}

void beginAnswer(unsigned int id, const __FlashStringHelper *what) {
  out.print(F("{\"id\":"));
  out.print(id);
  out.print(F(",\""));
  out.print(what);
  out.print(F("\":"));
}

void sayError(unsigned int id, const __FlashStringHelper *text) {
  beginAnswer(id, F("error"));
  out.print('"');
  out.print(text);
  out.print(F("\"}"));
  out.end();
}

// A request: {"id":7,"method":"led","params":1}. The host writes it just so, without white space.
void answer() {
  char *rest;
  unsigned int id = strtoul(line + 6, &rest, 10);
  const char led[] = ",\"method\":\"led\"";
  if (strncmp(rest, led, sizeof(led) - 1) != 0) {
    sayError(id, F("no such method"));
    return;
  }
  rest += sizeof(led) - 1;
  bool isOn = strcmp(rest, ",\"params\":1}") == 0;
  if (!isOn && strcmp(rest, ",\"params\":0}") != 0) {
    sayError(id, F("led takes 1 or 0"));
    return;
  }
  digitalWrite(LED_BUILTIN, isOn ? HIGH : LOW);
  beginAnswer(id, F("response"));
  out.print(isOn ? 1 : 0);
  out.print('}');
  out.end();
}

// The value of a hexadecimal digit; 255 of anything else.
byte digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return 255;
}

// Takes the checksum off the line. Is it right, or may it be missing?
bool isRight() {
  if (length < 3 || line[length - 3] != '*') return !CHECKSUM || strcmp(line, "{\"hello\":\"?\"}") == 0;
  byte sum = 0;
  for (unsigned at = 0; at < length - 3; at++) sum ^= line[at];
  if (digit(line[length - 2]) != sum >> 4 || digit(line[length - 1]) != (sum & 15)) return false;
  line[length - 3] = 0;
  return true;
}

void takeLine() {
  line[length] = 0;
  if (!isRight()) return;
  if (strcmp(line, "{\"hello\":\"?\"}") == 0) {
    sayHello();
  } else if (strncmp(line, "{\"id\":", 6) == 0) {
    answer();
  }
}

void setup() {
  pinMode(LED_BUILTIN, OUTPUT);
  boot += 1 + analogRead(A0);
  Serial.begin(BAUD);
  Serial.write('\n');  // ends what was being said when the board was reset
  sayHello();
}

void loop() {
  while (Serial.available() > 0) {
    char c = Serial.read();
    if (c == '\n' || c == '\r') {
      if (length > 0 && length <= ROOM) takeLine();
      length = 0;
    } else if (length < ROOM) {
      line[length++] = c;
    } else {
      length = ROOM + 1;  // too long: ignored up to its end
    }
  }
  if (millis() - before >= INTERVAL) {
    before += INTERVAL;
    sayEvent();
  }
}
