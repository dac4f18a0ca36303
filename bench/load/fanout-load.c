// Fan-out: one connection sends, the server passes every message on to all connections, the sender included. Another
// message is sent when all have got the oldest one. What is counted are deliveries.
#include "load.h"

int main(int argc, char **argv) {
  long port = 0, pid = 0, subscribers = 500, size = 128, in_flight = 1;
  double seconds = 2, warm_up = 0.7;
  const char *type = "binary", *file = NULL, *header = NULL;
  read_options(argc, argv, "Sends to a server that passes every message on to all connections.", (Option[]){
    {"port", "of the server, on this machine", NUMBER, &port, true},
    {"pid", "process id of the server, whose CPU is measured", NUMBER, &pid, true},
    {"subscribers", "connections, the sender included", NUMBER, &subscribers, false},
    {"in-flight", "messages in flight", NUMBER, &in_flight, false},
    {"size", "bytes of payload", NUMBER, &size, false},
    {"type", "text or binary", STRING, &type, false},
    {"frame", "file instead of size and type: first byte of the frame, then payload", STRING, &file, false},
    {"header", "one more field of the request", STRING, &header, false},
    {"warm-up", "seconds before measuring (decimal)", REAL, &warm_up, false},
    {"seconds", "how long to measure (decimal)", REAL, &seconds, false},
    {0},
  });
  require_range("subscribers", (double)subscribers, 1, 100000);
  require_range("in-flight", (double)in_flight, 1, 10000);
  require_range("size", (double)size, 0, 1 << 24);
  require_range("seconds", seconds, 0.01, 3600);

  Load load = make_load(file, size, type, in_flight);
  Connection *all = open_connections(subscribers, port, "/", header, 0);
  pause_for(0.3); // all handshakes are answered, but perhaps not all are subscribed

  // Once by hand: everybody gets exactly one message, of the kind that was sent.
  if (write(all[0].fd, load.bytes, load.frame_size) != (ssize_t)load.frame_size) fail("short write");
  for (long i = 0; i < subscribers; i++) {
    await_messages(&all[i], 1);
    if (all[i].message_byte != load.first_byte)
      fail("the delivery begins with %02x instead of %02x", all[i].message_byte, load.first_byte);
  }
  watch_all(all, subscribers);
  send_messages(&all[0], &load, in_flight);

  uint64_t delivered = 0, next = (uint64_t)subscribers;
  struct epoll_event events[512];
  Measurement measurement = measure_after(warm_up, seconds);
  while (goes_on(&measurement, pid, delivered)) {
    int ready = epoll_wait(poll_fd, events, 512, 100);
    for (int i = 0; i < ready; i++) {
      Connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_unsent(connection, &load);
      long got = read_messages(connection);
      if (got > 0) delivered += (uint64_t)got;
    }
    for (; delivered >= next; next += (uint64_t)subscribers) send_messages(&all[0], &load, 1);
  }
  printf("{");
  print_measurement(&measurement, pid, delivered, 1);
  printf("}\n");
  return 0;
}
