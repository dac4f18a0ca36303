// Echo at a fixed rate, whatever the server does: the connections send in turn, each message at its own time. Latency
// counts from the time at which a message was due, so a server that stalls is not spared (no coordinated omission).
#include "load.h"

typedef struct {
  double *due;          // of the messages in flight on a connection, a ring
  uint32_t first, count, room;
} Queue;

static void push(Queue *queue, double due) {
  if (queue->count == queue->room) {
    uint32_t room = queue->room ? queue->room * 2 : 8;
    double *grown = allocate(room, sizeof *grown);
    for (uint32_t i = 0; i < queue->count; i++) grown[i] = queue->due[(queue->first + i) % queue->room];
    free(queue->due);
    *queue = (Queue){grown, 0, queue->count, room};
  }
  queue->due[(queue->first + queue->count++) % queue->room] = due;
}

static double pop(Queue *queue) {
  if (queue->count == 0) fail("the server sent more than it got");
  double due = queue->due[queue->first];
  queue->first = (queue->first + 1) % queue->room;
  queue->count--;
  return due;
}

static int by_size(const void *a, const void *b) {
  float left = *(const float *)a, right = *(const float *)b;
  return left < right ? -1 : left > right;
}

int main(int argc, char **argv) {
  long port = 0, pid = 0, connections = 100, size = 64;
  double rate = 10000, seconds = 2, warm_up = 0.7, sample_every = 0;
  const char *type = "binary", *file = NULL, *header = NULL;
  read_options(argc, argv, "Sends at a fixed rate to a server that echoes, and measures latency and memory.", (Option[]){
    {"port", "of the server, on this machine", NUMBER, &port, true},
    {"pid", "process id of the server, whose CPU and memory are measured", NUMBER, &pid, true},
    {"connections", "how many", NUMBER, &connections, false},
    {"rate", "messages per second, all connections together", REAL, &rate, false},
    {"size", "bytes of payload", NUMBER, &size, false},
    {"type", "text or binary", STRING, &type, false},
    {"frame", "file instead of size and type: first byte of the frame, then payload", STRING, &file, false},
    {"header", "one more field of the request", STRING, &header, false},
    {"warm-up", "seconds before measuring (decimal)", REAL, &warm_up, false},
    {"seconds", "how long to measure (decimal)", REAL, &seconds, false},
    {"sample-every", "seconds between looks at the server's memory, 0 for none (decimal)", REAL, &sample_every, false},
    {0},
  });
  require_range("connections", (double)connections, 1, 100000);
  require_range("rate", rate, 1, 10e6);
  require_range("size", (double)size, 0, 1 << 24);
  require_range("seconds", seconds, 0.01, 7200);

  long bytes_before = resident_bytes(pid);
  Load load = make_load(file, size, type, 1);
  Connection *all = open_connections(connections, port, "/", header, 0);
  for (long i = 0; i < connections; i++) check_echo(&all[i], &load);
  watch_all(all, connections);
  Queue *queues = allocate((size_t)connections, sizeof *queues);
  size_t most = (size_t)(rate * seconds * 1.1) + 1000, measured = 0;
  float *latencies = allocate(most, sizeof *latencies);
  size_t most_samples = sample_every > 0 ? (size_t)((seconds + warm_up) / sample_every) + 2 : 1, samples = 0;
  long *memory = allocate(most_samples, sizeof *memory);

  uint64_t sent = 0, echoed = 0;
  double began = now(), next_sample = began;
  struct epoll_event events[256];
  Measurement measurement = measure_after(warm_up, seconds);
  while (goes_on(&measurement, pid, echoed)) {
    double time = now();
    for (double due; (due = began + (double)sent / rate) <= time; sent++) {
      long turn = (long)(sent % (uint64_t)connections);
      push(&queues[turn], due);
      send_messages(&all[turn], &load, 1);
    }
    if (sample_every > 0 && time >= next_sample && samples < most_samples) {
      memory[samples++] = resident_bytes(pid);
      next_sample += sample_every;
    }
    // Shorter pauses than the kernel's timers can keep are spent looking again and again.
    double pause = began + (double)sent / rate - now();
    int ready = epoll_wait(poll_fd, events, 256, pause > 0.002 ? 1 : 0);
    time = now();
    for (int i = 0; i < ready; i++) {
      Connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_unsent(connection, &load);
      for (long got = read_messages(connection); got > 0; got--) {
        double due = pop(&queues[connection - all]);
        echoed++;
        if (measurement.running && measured < most) latencies[measured++] = (float)(time - due);
      }
    }
  }
  if (measured == 0) fail("no message came back");
  qsort(latencies, measured, sizeof *latencies, by_size);
  double behind = (double)(sent - echoed) / rate;
  printf("{");
  print_measurement(&measurement, pid, echoed, 1);
  printf(",\"behindSeconds\":%.4f,\"residentBytesBefore\":%ld,\"p50Microseconds\":%.1f,\"p99Microseconds\":%.1f,\"p999Microseconds\":%.1f,\"memory\":[",
         behind, bytes_before, latencies[measured / 2] * 1e6, latencies[measured * 99 / 100] * 1e6, latencies[measured * 999 / 1000] * 1e6);
  for (size_t i = 0; i < samples; i++) printf(i ? ",%ld" : "%ld", memory[i]);
  printf("]}\n");
  return 0;
}
