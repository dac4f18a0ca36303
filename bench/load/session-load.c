// Sessions of a protocol on top of WebSocket: each connection sends some hello messages, waits for what the server answers to
// each, and then keeps units in flight. All messages are text.
//
// A hello is WAIT:TEXT; TEXT goes out, then WAIT messages are awaited. Hellos follow the options,
// after a lone --. In a unit, ######### stands for a number that grows from unit to unit of a connection, always of nine digits;
// in an acknowledgement for the count of messages that have come, with spaces in front.
#include "load.h"

enum { DIGITS = 9, ROOM = 65536 };
static const char *placeholder = "#########";

/** A message with a number in it, masked with zeros, so that the number can be written into the frame. */
typedef struct {
  uint8_t frame[ROOM + MAX_HEADER];
  size_t size;
  size_t number; // where it is; 0: nowhere
} Template;

static Template make_template(const char *text) {
  Template made;
  if (strlen(text) >= ROOM) fail("a message is too long");
  made.size = write_frame(made.frame, FIN | TEXT, (const uint8_t *)text, strlen(text));
  const char *at = strstr(text, placeholder);
  size_t offset = made.size - strlen(text);
  made.number = at ? offset + (size_t)(at - text) : 0;
  // Unmasked again, under a key of zeros, which is as good as any other.
  memcpy(made.frame + offset, text, strlen(text));
  memset(made.frame + offset - 4, 0, 4);
  return made;
}

/** What one connection has sent and heard, and what it could not send yet. */
typedef struct {
  uint64_t sent, heard, acknowledged;
  uint8_t *unsent;
  size_t unsent_size;
} Session;

static Template unit, acknowledgement;
static long acknowledge_every;

static void write_all(Connection *connection, Session *session, const uint8_t *bytes, size_t size) {
  ssize_t written = session->unsent_size > 0 ? 0 : write(connection->fd, bytes, size);
  if (written < 0) {
    if (errno != EAGAIN) fail("write: %s", strerror(errno));
    written = 0;
  }
  size_t rest = size - (size_t)written;
  if (rest == 0) return;
  session->unsent = realloc(session->unsent, session->unsent_size + rest);
  memcpy(session->unsent + session->unsent_size, bytes + written, rest);
  session->unsent_size += rest;
}

static void write_unsent(Connection *connection, Session *session) {
  size_t size = session->unsent_size;
  uint8_t *bytes = session->unsent;
  session->unsent = NULL;
  session->unsent_size = 0;
  if (size > 0) write_all(connection, session, bytes, size);
  free(bytes);
}

/** Appends a message with `number` in it. */
static size_t fill(uint8_t *out, Template *message, uint64_t number) {
  char digits[24];
  snprintf(digits, sizeof digits, "%9llu", (unsigned long long)number);
  if (message->number > 0) memcpy(message->frame + message->number, digits, DIGITS);
  memcpy(out, message->frame, message->size);
  return message->size;
}

static void send_units(Connection *connection, Session *session, long count) {
  static uint8_t batch[1 << 22];
  size_t size = 0;
  for (long i = 0; i < count; i++) {
    size += fill(batch + size, &unit, 100000000 + ++session->sent);
    if (size < sizeof batch - ROOM && i + 1 < count) continue;
    write_all(connection, session, batch, size);
    size = 0;
  }
}

static void hear(Connection *connection, Session *session, long messages) {
  static uint8_t message[ROOM + MAX_HEADER];
  session->heard += (uint64_t)messages;
  if (acknowledge_every == 0 || session->heard - session->acknowledged < (uint64_t)acknowledge_every) return;
  session->acknowledged = session->heard;
  write_all(connection, session, message, fill(message, &acknowledgement, session->heard));
}

int main(int argc, char **argv) {
  long port = 0, pid = 0, connections = 100, in_flight = 1, fan_out = 0, greetings = 0;
  double seconds = 2, warm_up = 0.7;
  const char *path = "/", *header = NULL, *text = "", *acknowledge = "", *ignore = NULL;
  int options = argc;
  for (int i = argc - 1; i > 0; i--) if (!strcmp(argv[i], "--")) options = i;
  read_options(options, argv, "Sends hellos, then keeps units in flight: [options] -- [WAIT:TEXT ...]", (Option[]){
    {"port", "of the server, on this machine", NUMBER, &port, true},
    {"pid", "process id of the server, whose CPU and memory are measured", NUMBER, &pid, true},
    {"unit", "text of the unit", STRING, &text, false},
    {"connections", "how many", NUMBER, &connections, false},
    {"in-flight", "units in flight, on each connection or on the sender; 0 only opens", NUMBER, &in_flight, false},
    {"fan-out", "1: only the first connection sends, and everybody gets each unit", NUMBER, &fan_out, false},
    {"ignore", "messages that begin so are not counted", STRING, &ignore, false},
    {"acknowledge", "text of the message that acknowledges what has come", STRING, &acknowledge, false},
    {"acknowledge-every", "messages after which it is sent; 0: never", NUMBER, &acknowledge_every, false},
    {"greetings", "messages the server begins with", NUMBER, &greetings, false},
    {"path", "of the request", STRING, &path, false},
    {"header", "one more field of the request", STRING, &header, false},
    {"warm-up", "seconds before measuring (decimal)", REAL, &warm_up, false},
    {"seconds", "how long to measure (decimal)", REAL, &seconds, false},
    {0},
  });
  require_range("connections", (double)connections, 1, 100000);
  require_range("in-flight", (double)in_flight, 0, 10000);
  require_range("acknowledge-every", (double)acknowledge_every, 0, 1000000);
  require_range("fan-out", (double)fan_out, 0, 1);
  ignored_beginning = ignore;
  unit = make_template(text);
  acknowledgement = make_template(acknowledge);

  long bytes_before = resident_bytes(pid);
  double cpu_before = cpu_of(pid);
  Connection *all = open_connections(connections, port, path, header, greetings);
  Session *sessions = allocate((size_t)connections, sizeof *sessions);
  for (long i = 0; i < connections; i++) {
    for (int hello = options + 1; hello < argc; hello++) {
      char *said = strchr(argv[hello], ':');
      if (!said) fail("a hello is WAIT:TEXT, not %s", argv[hello]);
      Template message = make_template(said + 1);
      write_all(&all[i], &sessions[i], message.frame, message.size);
      await_messages(&all[i], atol(argv[hello]));
    }
  }
  double cpu_of_joining = cpu_of(pid) - cpu_before;
  pause_for(1);
  printf("{\"cpuMicrosecondsToJoin\":%.2f,\"bytesPerConnection\":%.1f", cpu_of_joining / (double)connections * 1e6,
         (double)(resident_bytes(pid) - bytes_before) / (double)connections);
  if (in_flight == 0) {
    printf("}\n");
    return 0;
  }

  watch_all(all, connections);
  uint64_t replies = fan_out ? (uint64_t)connections : 1, units = 0, messages = 0;
  for (long i = 0; i < (fan_out ? 1 : connections); i++) send_units(&all[i], &sessions[i], in_flight);
  struct epoll_event events[256];
  Measurement measurement = measure_after(warm_up, seconds);
  while (goes_on(&measurement, pid, units)) {
    int ready = epoll_wait(poll_fd, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      Connection *connection = events[i].data.ptr;
      Session *session = &sessions[connection - all];
      write_unsent(connection, session);
      long got = read_messages(connection);
      if (got <= 0) continue;
      hear(connection, session, got);
      messages += (uint64_t)got;
      uint64_t whole = fan_out ? messages / replies : (uint64_t)got;
      if (fan_out) messages %= replies;
      units += whole;
      if (whole > 0) send_units(fan_out ? &all[0] : connection, fan_out ? &sessions[0] : session, (long)whole);
    }
  }
  printf(",");
  print_measurement(&measurement, pid, units, fan_out ? (double)connections : 1);
  printf("}\n");
  return 0;
}
