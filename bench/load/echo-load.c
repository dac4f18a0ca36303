// Echo: every connection keeps some messages in flight and sends another for each that comes back. One message per
// connection is checked byte by byte before the load begins.
#include "load.h"

int main(int argc, char **argv) {
  long port = 0, pid = 0, connections = 100, size = 64, in_flight = 1, greetings = 0;
  double seconds = 2, warm_up = 0.7;
  const char *type = "binary", *file = NULL, *path = "/", *header = NULL;
  read_options(argc, argv, "Keeps messages in flight on many connections to a server that echoes them.", (Option[]){
    {"port", "of the server, on this machine", NUMBER, &port, true},
    {"pid", "process id of the server, whose CPU is measured", NUMBER, &pid, true},
    {"connections", "how many", NUMBER, &connections, false},
    {"in-flight", "messages in flight on each connection", NUMBER, &in_flight, false},
    {"size", "bytes of payload", NUMBER, &size, false},
    {"type", "text or binary", STRING, &type, false},
    {"frame", "file instead of size and type: first byte of the frame, then payload", STRING, &file, false},
    {"path", "of the request", STRING, &path, false},
    {"header", "one more field of the request, such as Sec-WebSocket-Extensions: permessage-deflate", STRING, &header, false},
    {"greetings", "messages the server sends by itself at first", NUMBER, &greetings, false},
    {"warm-up", "seconds before measuring (decimal)", REAL, &warm_up, false},
    {"seconds", "how long to measure (decimal)", REAL, &seconds, false},
    {0},
  });
  require_range("connections", (double)connections, 1, 100000);
  require_range("in-flight", (double)in_flight, 1, 10000);
  require_range("size", (double)size, 0, 1 << 24);
  require_range("seconds", seconds, 0.01, 3600);

  Load load = make_load(file, size, type, in_flight);
  Connection *all = open_connections(connections, port, path, header, greetings);
  for (long i = 0; i < connections; i++) check_echo(&all[i], &load);
  watch_all(all, connections);
  for (long i = 0; i < connections; i++) send_messages(&all[i], &load, in_flight);

  uint64_t echoed = 0;
  struct epoll_event events[256];
  Measurement measurement = measure_after(warm_up, seconds);
  while (goes_on(&measurement, pid, echoed)) {
    int ready = epoll_wait(poll_fd, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      Connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_unsent(connection, &load);
      long got = read_messages(connection);
      if (got <= 0) continue;
      echoed += (uint64_t)got;
      send_messages(connection, &load, got);
    }
  }
  printf("{");
  print_measurement(&measurement, pid, echoed, 1);
  printf("}\n");
  return 0;
}
