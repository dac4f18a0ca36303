// Any conversation: each connection sends some hello messages, waits for what the server answers to each, and then keeps
// units in flight. For protocols on top of WebSocket, whose clients have to log in or join first.
//
// A hello is WAIT:TEXT; TEXT goes out as a text message (none if it is empty), then WAIT messages are awaited. Hellos
// follow the options, after a lone --.
#include "load.h"

int main(int argc, char **argv) {
  long port = 0, pid = 0, connections = 100, in_flight = 1, replies = 1, fan_out = 0;
  double seconds = 2, warm_up = 0.7;
  const char *file = NULL, *path = "/", *header = NULL;
  int options = argc;
  for (int i = argc - 1; i > 0; i--) if (!strcmp(argv[i], "--")) options = i;
  read_options(options, argv, "Sends hellos, then keeps units in flight: [options] -- [WAIT:TEXT ...]", (Option[]){
    {"port", "of the server, on this machine", NUMBER, &port, true},
    {"pid", "process id of the server, whose CPU and memory are measured", NUMBER, &pid, true},
    {"frame", "file with the unit: first byte of the frame, then payload", STRING, &file, true},
    {"connections", "how many", NUMBER, &connections, false},
    {"in-flight", "units in flight, on each connection or on the sender; 0 only opens", NUMBER, &in_flight, false},
    {"replies", "messages that answer a unit", NUMBER, &replies, false},
    {"fan-out", "1: only the first connection sends, and everybody gets each unit", NUMBER, &fan_out, false},
    {"path", "of the request", STRING, &path, false},
    {"header", "one more field of the request", STRING, &header, false},
    {"warm-up", "seconds before measuring (decimal)", REAL, &warm_up, false},
    {"seconds", "how long to measure (decimal)", REAL, &seconds, false},
    {0},
  });
  require_range("connections", (double)connections, 1, 100000);
  require_range("in-flight", (double)in_flight, 0, 10000);
  require_range("replies", (double)replies, 1, 10000);
  require_range("fan-out", (double)fan_out, 0, 1);

  Load load = make_load(file, 0, "text", in_flight > 0 ? in_flight : 1);
  long bytes_before = resident_bytes(pid);
  double cpu_before = cpu_of(pid);
  Connection *all = open_connections(connections, port, path, header, 0);
  for (long i = 0; i < connections; i++) {
    for (int hello = options + 1; hello < argc; hello++) {
      char *text = strchr(argv[hello], ':');
      if (!text) fail("a hello is WAIT:TEXT, not %s", argv[hello]);
      if (*++text) {
        uint8_t frame[65536 + MAX_HEADER];
        if (strlen(text) > 65535) fail("a hello is too long");
        size_t size = write_frame(frame, FIN | TEXT, (uint8_t *)text, strlen(text));
        if (write(all[i].fd, frame, size) != (ssize_t)size) fail("a hello could not be sent: %s", strerror(errno));
      }
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
  long senders = fan_out ? 1 : connections;
  if (fan_out) replies = connections;
  for (long i = 0; i < senders; i++) send_messages(&all[i], &load, in_flight);
  uint64_t units = 0;
  struct epoll_event events[256];
  Measurement measurement = measure_after(warm_up, seconds);
  while (goes_on(&measurement, pid, units)) {
    int ready = epoll_wait(poll_fd, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      Connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_unsent(connection, &load);
      long got = read_messages(connection);
      if (got <= 0) continue;
      Connection *sender = fan_out ? &all[0] : connection;
      sender->messages += (uint64_t)got;
      long whole = (long)(sender->messages / (uint64_t)replies);
      sender->messages %= (uint64_t)replies;
      units += (uint64_t)whole;
      if (whole > 0) send_messages(sender, &load, whole);
    }
  }
  printf(",");
  print_measurement(&measurement, pid, units, fan_out ? (double)connections : 1);
  printf("}\n");
  return 0;
}
