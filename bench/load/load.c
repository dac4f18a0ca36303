#include "load.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <time.h>

static const char *program_name = "load";

void fail(const char *format, ...) {
  va_list rest;
  va_start(rest, format);
  fprintf(stderr, "%s: ", program_name);
  vfprintf(stderr, format, rest);
  fputc('\n', stderr);
  va_end(rest);
  exit(1);
}

void *allocate(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) fail("out of memory");
  return memory;
}

// ------------------------------------------------------------------------------------------------- options

__attribute__((noreturn)) static void usage(const char *purpose, const Option *options, const char *wrong) {
  FILE *to = wrong ? stderr : stdout;
  if (wrong) fprintf(to, "%s: %s\n\n", program_name, wrong);
  fprintf(to, "%s\n\nusage: %s --name VALUE ...\n\n", purpose, program_name);
  for (const Option *o = options; o->name; o++) {
    fprintf(to, "  --%-14s %s", o->name, o->help);
    if (o->required) fprintf(to, " (required)");
    if (!o->required && o->kind == NUMBER) fprintf(to, " (%ld)", *(long *)o->into);
    if (!o->required && o->kind == REAL) fprintf(to, " (%g)", *(double *)o->into);
    if (!o->required && o->kind == STRING && *(const char **)o->into) fprintf(to, " (%s)", *(const char **)o->into);
    fputc('\n', to);
  }
  exit(wrong ? 2 : 0);
}

void read_options(int count, char **values, const char *purpose, const Option *options) {
  const char *slash = strrchr(values[0], '/');
  program_name = slash ? slash + 1 : values[0];
  uint64_t given = 0;
  char wrong[200];
  for (int i = 1; i < count; i += 2) {
    if (!strcmp(values[i], "--help")) usage(purpose, options, NULL);
    const Option *found = NULL;
    for (const Option *o = options; o->name; o++)
      if (!strncmp(values[i], "--", 2) && !strcmp(values[i] + 2, o->name)) found = o;
    snprintf(wrong, sizeof wrong, "there is no option %.100s", values[i]);
    if (!found) usage(purpose, options, wrong);
    snprintf(wrong, sizeof wrong, "--%s needs a value", found->name);
    if (i + 1 == count) usage(purpose, options, wrong);
    snprintf(wrong, sizeof wrong, "--%s was given twice", found->name);
    if (given & (1ull << (found - options))) usage(purpose, options, wrong);
    given |= 1ull << (found - options);
    char *end = "";
    if (found->kind == NUMBER) *(long *)found->into = strtol(values[i + 1], &end, 10);
    else if (found->kind == REAL) *(double *)found->into = strtod(values[i + 1], &end);
    else *(const char **)found->into = values[i + 1];
    snprintf(wrong, sizeof wrong, "--%s: '%.100s' is not a number", found->name, values[i + 1]);
    if (*end || (found->kind != STRING && !*values[i + 1])) usage(purpose, options, wrong);
  }
  for (const Option *o = options; o->name; o++) {
    snprintf(wrong, sizeof wrong, "--%s is missing", o->name);
    if (o->required && !(given & (1ull << (o - options)))) usage(purpose, options, wrong);
  }
}

void require_range(const char *name, double value, double least, double most) {
  if (value < least || value > most) {
    fprintf(stderr, "%s: --%s must be from %g to %g\n", program_name, name, least, most);
    exit(2);
  }
}

// ------------------------------------------------------------------------------------------------- clocks and memory

static double seconds_of(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time)) fail("the server has gone (no such process)");
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double now(void) { return seconds_of(CLOCK_MONOTONIC); }
double own_cpu(void) { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

// User and system time of all threads of a process: fields 14 and 15 of /proc/PID/stat, but in nanoseconds instead of
// hundredths of a second. The C library turns the process id into a clock of that process.
double cpu_of(long pid) {
  clockid_t clock;
  if (clock_getcpuclockid((pid_t)pid, &clock)) fail("there is no process %ld", pid);
  return seconds_of(clock);
}

long resident_bytes(long pid) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%ld/status", pid);
  FILE *file = fopen(path, "r");
  if (!file) fail("there is no process %ld", pid);
  long kilobytes = 0;
  while (fgets(line, sizeof line, file) && sscanf(line, "VmRSS: %ld", &kilobytes) != 1) {}
  fclose(file);
  return kilobytes * 1024;
}

// Busy seconds of all processors together: what is not the server's or ours was taken by somebody else.
static double machine_cpu(void) {
  FILE *file = fopen("/proc/stat", "r");
  double user = 0, nice = 0, system = 0, idle, wait, irq = 0, softirq = 0;
  if (!file) return 0;
  if (fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle, &wait, &irq, &softirq) != 7) user = 0;
  fclose(file);
  return (user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK);
}

void pause_for(double seconds) {
  struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&time, &time) && errno == EINTR) {}
}

// One open file per connection, and a few of our own.
void allow_files(long connections) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (rlim_t)connections + 20)
    fail("%ld connections need as many open files; the system allows %ld (ulimit -n)", connections, (long)limit.rlim_cur);
}

// ------------------------------------------------------------------------------------------------- opening handshake

// The accept value that belongs to this key is known, so no SHA-1 is needed here.
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static struct sockaddr_in address_of(long port, long host) {
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)port);
  address.sin_addr.s_addr = htonl((uint32_t)(INADDR_LOOPBACK + host));
  return address;
}

int connect_to(long port, long host) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("no socket: %s", strerror(errno));
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // Counts only as long as the connection blocks: a server that answers nothing must not hold us for ever.
  struct timeval patience = {10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct sockaddr_in address = address_of(port, host);
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("cannot connect to port %ld: %s", port, strerror(errno));
  return fd;
}

void send_request(int fd, long port, const char *path, const char *header) {
  char request[2048];
  int size = snprintf(request, sizeof request,
                      "GET %s HTTP/1.1\r\nHost: localhost:%ld\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
                      path, port, header ? header : "", header ? "\r\n" : "");
  if (size >= (int)sizeof request) fail("path and header are too long");
  if (write(fd, request, (size_t)size) != size) fail("the handshake could not be sent: %s", strerror(errno));
}

size_t read_response(int fd, const char *header, uint8_t *rest, size_t room) {
  size_t got = 0;
  for (;;) {
    ssize_t count = read(fd, rest + got, room - 1 - got);
    if (count == 0) fail("the server closed during the handshake");
    if (count < 0) fail(errno == EAGAIN ? "the handshake was not answered within 10 s" : "the handshake broke off");
    got += (size_t)count;
    rest[got] = 0;
    char *end = strstr((char *)rest, "\r\n\r\n");
    if (!end) {
      if (got + 1 == room) fail("the answer to the handshake has no end");
      continue;
    }
    if (strncmp((char *)rest, "HTTP/1.1 101", 12)) fail("the handshake was refused: %.60s", (char *)rest);
    if (!strstr((char *)rest, ACCEPT)) fail("the server computed a wrong Sec-WebSocket-Accept");
    bool wants_deflate = header && strstr(header, "permessage-deflate");
    if (wants_deflate && !strcasestr((char *)rest, "permessage-deflate")) fail("the server did not agree to permessage-deflate");
    size_t head = (size_t)(end + 4 - (char *)rest);
    memmove(rest, rest + head, got - head);
    return got - head;
  }
}

// ------------------------------------------------------------------------------------------------- frames out

size_t write_frame(uint8_t *out, int first_byte, const uint8_t *payload, size_t length) {
  static const uint8_t key[4] = {0x12, 0x9a, 0x56, 0xf8};
  size_t at = 0;
  out[at++] = (uint8_t)first_byte;
  int bytes_of_length = length < 126 ? 0 : length < 65536 ? 2 : 8;
  out[at++] = (uint8_t)(0x80 | (bytes_of_length == 0 ? (int)length : bytes_of_length == 2 ? 126 : 127));
  for (int i = bytes_of_length - 1; i >= 0; i--) out[at++] = (uint8_t)((uint64_t)length >> (8 * i));
  memcpy(out + at, key, 4);
  at += 4;
  for (size_t i = 0; i < length; i++) out[at + i] = payload[i] ^ key[i & 3];
  return at + length;
}

Load make_load(const char *file_name, long size, const char *type, long times) {
  Load load = {0};
  if (file_name) {
    FILE *file = fopen(file_name, "rb");
    if (!file) fail("%s: %s", file_name, strerror(errno));
    uint8_t *content = allocate(1 << 24, 1);
    size_t length = fread(content, 1, 1 << 24, file);
    fclose(file);
    if (length == 0) fail("%s is empty", file_name);
    load.first_byte = content[0];
    load.payload = content + 1;
    load.payload_size = length - 1;
  } else {
    bool is_text = !strcmp(type, "text");
    if (!is_text && strcmp(type, "binary")) fail("--type is text or binary");
    load.first_byte = FIN | (is_text ? TEXT : BINARY);
    load.payload_size = (size_t)size;
    load.payload = allocate((size_t)size, 1);
    for (long i = 0; i < size; i++) load.payload[i] = (uint8_t)('a' + i % 26);
  }
  load.bytes = allocate((load.payload_size + MAX_HEADER) * (size_t)times, 1);
  load.frame_size = write_frame(load.bytes, load.first_byte, load.payload, load.payload_size);
  for (long i = 1; i < times; i++) memcpy(load.bytes + (size_t)i * load.frame_size, load.bytes, load.frame_size);
  load.total_size = load.frame_size * (size_t)times;
  return load;
}

// ------------------------------------------------------------------------------------------------- connections

int poll_fd = -1;

const char *ignored_beginning;

static void keep_beginning(Connection *connection, const uint8_t *bytes, uint64_t size) {
  for (uint64_t i = 0; i < size && connection->beginning_length < (int)sizeof connection->beginning; i++)
    connection->beginning[connection->beginning_length++] = (char)bytes[i];
}

/** Whether the message that has just ended is one of those that are not counted; forgets its beginning. */
static bool is_ignored(Connection *connection) {
  size_t length = (size_t)connection->beginning_length;
  connection->beginning_length = 0;
  if (!ignored_beginning) return false;
  size_t wanted = strlen(ignored_beginning);
  return length >= wanted && !memcmp(connection->beginning, ignored_beginning, wanted);
}

// Takes bytes of the server and answers how many data messages ended in them. Frames are really parsed, so fragments,
// control frames and answers of any length are counted right.
static long count_messages(Connection *connection, const uint8_t *bytes, size_t size) {
  long ended = 0;
  size_t at = 0;
  while (at < size || (connection->header_length < 0 && connection->payload_left == 0)) {
    if (connection->header_length >= 0) {
      uint8_t *header = connection->header;
      header[connection->header_length++] = bytes[at++];
      if (connection->header_length < 2) continue;
      if (header[1] & 0x80) fail("the server masked a frame");
      int length = header[1] & 0x7f;
      int needed = length < 126 ? 2 : length == 126 ? 4 : 10;
      if (connection->header_length < needed) continue;
      connection->payload_left = 0;
      if (needed == 2) connection->payload_left = (uint64_t)length;
      for (int i = 2; i < needed; i++) connection->payload_left = connection->payload_left << 8 | header[i];
      int opcode = header[0] & 0x0f;
      if (opcode == CLOSE) fail("the server sent a close frame");
      if (opcode == TEXT || opcode == BINARY) connection->message_byte = header[0];
      connection->header_length = -1;
    } else {
      uint64_t take = size - at < connection->payload_left ? size - at : connection->payload_left;
      if (ignored_beginning && (connection->header[0] & 0x08) == 0) keep_beginning(connection, bytes + at, take);
      connection->payload_left -= take;
      at += take;
      if (connection->payload_left > 0) break;
      bool is_data = (connection->header[0] & 0x08) == 0;
      if (is_data && (connection->header[0] & FIN) && !is_ignored(connection)) ended++;
      connection->header_length = 0;
    }
  }
  return ended;
}

static uint8_t input[1 << 20];

long read_messages(Connection *connection) {
  ssize_t count = read(connection->fd, input, sizeof input);
  if (count == 0) fail("the server closed a connection");
  if (count < 0) {
    if (errno == EAGAIN) return -1;
    fail("read: %s", strerror(errno));
  }
  return count_messages(connection, input, (size_t)count);
}

static void watch(Connection *connection, int operation) {
  struct epoll_event event = {EPOLLIN | (connection->wants_room ? EPOLLOUT : 0), {.ptr = connection}};
  if (epoll_ctl(poll_fd, operation, connection->fd, &event)) fail("epoll: %s", strerror(errno));
}

void send_unsent(Connection *connection, const Load *load) {
  while (connection->unsent > 0) {
    size_t here = load->total_size - connection->sent_to;
    size_t size = connection->unsent < here ? connection->unsent : here;
    ssize_t count = write(connection->fd, load->bytes + connection->sent_to, size);
    if (count < 0) {
      if (errno != EAGAIN) fail("write: %s", strerror(errno));
      break;
    }
    connection->unsent -= (size_t)count;
    connection->sent_to = (connection->sent_to + (size_t)count) % load->total_size;
  }
  bool wants_room = connection->unsent > 0;
  if (wants_room == connection->wants_room) return;
  connection->wants_room = wants_room;
  watch(connection, EPOLL_CTL_MOD);
}

void send_messages(Connection *connection, const Load *load, long count) {
  if (connection->unsent == 0) connection->sent_to = 0;
  connection->unsent += (size_t)count * load->frame_size;
  send_unsent(connection, load);
}

void await_messages(Connection *connection, long count) {
  while (count > 0) {
    long got = read_messages(connection);
    if (got < 0) fail("the server did not answer within 10 s");
    count -= got;
    if (count < 0) fail("the server sent %ld messages too many", -count);
  }
}

void check_echo(Connection *connection, const Load *load) {
  if (write(connection->fd, load->bytes, load->frame_size) != (ssize_t)load->frame_size) fail("short write");
  size_t room = load->payload_size * 2 + MAX_HEADER, got = 0;
  uint8_t *reply = allocate(room, 1);
  bool is_compressed = load->first_byte & RSV1;
  while (got < room) {
    ssize_t count = read(connection->fd, reply + got, room - got);
    if (count == 0) fail("the server closed instead of echoing");
    if (count < 0) fail("there was no echo within 10 s");
    if (count_messages(connection, reply + got, (size_t)count) > 0) {
      got += (size_t)count;
      break;
    }
    got += (size_t)count;
  }
  if ((connection->message_byte ^ load->first_byte) & ~FIN)
    fail("the echo begins with %02x instead of %02x", connection->message_byte, load->first_byte);
  // Headers of further fragments lie inside; then the number of messages has to do.
  bool is_whole = connection->message_byte & FIN;
  if (!is_compressed && is_whole && (got < load->payload_size || memcmp(reply + got - load->payload_size, load->payload, load->payload_size)))
    fail("the echo is not what was sent");
  free(reply);
}

Connection *open_connections(long count, long port, const char *path, const char *header, long greetings) {
  allow_files(count);
  poll_fd = epoll_create1(0);
  Connection *connections = allocate((size_t)count, sizeof *connections);
  for (long i = 0; i < count; i++) {
    Connection *connection = &connections[i];
    connection->fd = connect_to(port, i / 20000);
    send_request(connection->fd, port, path, header);
    size_t rest = read_response(connection->fd, header, input, 16384);
    await_messages(connection, greetings - count_messages(connection, input, rest));
  }
  return connections;
}

void watch_all(Connection *connections, long count) {
  for (long i = 0; i < count; i++) {
    fcntl(connections[i].fd, F_SETFL, O_NONBLOCK);
    watch(&connections[i], EPOLL_CTL_ADD);
  }
}

// ------------------------------------------------------------------------------------------------- measuring

Measurement measure_after(double warm_up, double seconds) {
  double begins = now() + warm_up;
  return (Measurement){.begins = begins, .ends = begins + seconds};
}

bool goes_on(Measurement *measurement, long pid, uint64_t units) {
  double time = now();
  if (!measurement->running && time >= measurement->begins) {
    measurement->running = true;
    measurement->began = time;
    measurement->server_cpu = cpu_of(pid);
    measurement->own_cpu = own_cpu();
    measurement->machine_cpu = machine_cpu();
    measurement->units = units;
  }
  return time < measurement->ends;
}

void print_measurement(const Measurement *measurement, long pid, uint64_t units, double weight) {
  double elapsed = now() - measurement->began;
  double server_cpu = cpu_of(pid) - measurement->server_cpu;
  double messages = (double)(units - measurement->units) * weight;
  if (messages < 1) fail("no message came back in %.1f s", elapsed);
  double generator_cpu = own_cpu() - measurement->own_cpu;
  double other_cpu = machine_cpu() - measurement->machine_cpu - server_cpu - generator_cpu;
  printf("\"messages\":%.0f,\"seconds\":%.4f,\"cpuMicroseconds\":%.4f,\"messagesPerSecond\":%.0f,"
         "\"serverCpu\":%.3f,\"generatorCpu\":%.3f,\"otherCpu\":%.3f,\"residentBytes\":%ld",
         messages, elapsed, server_cpu / messages * 1e6, messages / elapsed, server_cpu / elapsed,
         generator_cpu / elapsed, other_cpu > 0 ? other_cpu / elapsed : 0, resident_bytes(pid));
}
