/*
 * An Arduino Uno that is simulated, with its serial port on a pseudo-terminal: board ELF LINK
 *
 * LINK becomes a symbolic link to the pseudo-terminal; then "plugged in" is printed. SIGUSR1 is
 * the reset button, SIGTERM pulls the plug. Simulated time is real time, to half a millisecond.
 * Bytes take as long as on a line of the baud rate that the firmware has set, and there is no
 * flow control: what comes too fast for the firmware is lost.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#define HERTZ 16000000LL
#define NANO 1000000000LL
#define TICK (HERTZ / 2000) /* cycles */

static volatile sig_atomic_t resets = 1, stops;
static avr_t *avr;
static avr_uart_t *uart;
static avr_cycle_count_t perByte, sentBy; /* sentBy: when all that was sent has left */
static long long zero;                    /* the real time of cycle 0, in nanoseconds */
static int master, comes, come;
static unsigned char coming[256], leaving[256], first, last;
static avr_cycle_count_t leaves[256]; /* when each byte of leaving has left */

static void onSignal(int number) { *(number == SIGUSR1 ? &resets : &stops) = 1; }

static void sleeps(avr_t *core, avr_cycle_count_t cycles) { /* tick does that */ }
static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * NANO + time.tv_nsec;
}

static void send(struct avr_irq_t *irq, uint32_t value, void *param) {
    sentBy = (sentBy > avr->cycle ? sentBy : avr->cycle) + perByte;
    leaving[last] = value;
    leaves[last++] = sentBy;
}

static avr_cycle_count_t receive(avr_t *core, avr_cycle_count_t when, void *param) {
    if (come >= comes)
        return 0;
    avr_raise_irq(uart->io.irq + UART_IRQ_INPUT, coming[come++]);
    return when + perByte;
}

static avr_cycle_count_t tick(avr_t *core, avr_cycle_count_t when, void *param) {
    long long due = zero + (long long)when * NANO / HERTZ, late = now() - due;
    struct timespec time = {due / NANO, due % NANO};
    if (late < 0)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
    else if (late > NANO / 10)
        zero += late; /* too far behind to catch up */
    if (uart->cycles_per_byte != perByte) /* simavr counts a parity bit that is not there */
        perByte = uart->cycles_per_byte = uart->cycles_per_byte * 10 / 11;
    for (; first != last && leaves[first] <= when; first++)
        (void)!write(master, leaving + first, 1); /* lost where nobody reads, as on a line */
    if (come >= comes) {
        come = 0;
        comes = read(master, coming, sizeof coming);
        if (comes > 0 && !avr_cycle_timer_status(avr, receive, NULL))
            avr_cycle_timer_register(avr, 1, receive, NULL);
    }
    return when + TICK;
}

static void reset(void) {
    avr_reset(avr); /* it forgets all timers */
    resets = perByte = sentBy = comes = come = 0;
    first = last;
    zero = now() - (long long)avr->cycle * NANO / HERTZ;
    avr_cycle_timer_register(avr, 1, tick, NULL);
}

int main(int count, char **arguments) {
    static elf_firmware_t firmware;
    struct sigaction action = {.sa_handler = onSignal};
    struct termios raw;
    int slave, state = cpu_Running;
    if (count != 3 || elf_read_firmware(arguments[1], &firmware))
        return fprintf(stderr, "usage: board ELF LINK\n"), 2;
    if (!(avr = avr_make_mcu_by_name("atmega328p")) || avr_init(avr))
        return fprintf(stderr, "this simavr has no atmega328p\n"), 2;
    avr_load_firmware(avr, &firmware);
    avr->frequency = HERTZ;
    avr->sleep = sleeps;
    for (avr_io_t *each = avr->io_port; each; each = each->next)
        if (!strcmp(each->kind, "uart"))
            uart = (avr_uart_t *)each;
    uart->flags = 0; /* it need not print what is sent */
    avr_irq_register_notify(uart->io.irq + UART_IRQ_OUTPUT, send, NULL);
    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    /* The other side stays open: otherwise reading fails while nobody has it open. */
    if (grantpt(master) || unlockpt(master) || (slave = open(ptsname(master), O_RDWR)) < 0)
        return perror("no pseudo-terminal"), 1;
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    if (sigaction(SIGUSR1, &action, NULL) || sigaction(SIGTERM, &action, NULL) ||
        prctl(PR_SET_PDEATHSIG, SIGTERM) || symlink(ptsname(master), arguments[2]))
        return perror(arguments[2]), 1;
    puts("plugged in");
    fflush(stdout);
    for (; !stops && state != cpu_Done && state != cpu_Crashed; state = avr_run(avr))
        if (resets)
            reset();
    unlink(arguments[2]);
    return stops ? 0 : (fprintf(stderr, "the firmware has died\n"), 1);
}
