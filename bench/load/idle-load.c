// Idle connections: opens very many, 50 handshakes at a time, then leaves them alone. Measures the CPU of a handshake
// and the memory that the server needs more for each connection.
#include "load.h"

int main(int argc, char **argv) {
  long port = 0, pid = 0, connections = 10000, at_once = 50;
  double settle = 6;
  const char *header = NULL;
  read_options(argc, argv, "Opens many connections and leaves them idle.", (Option[]){
    {"port", "of the server, on this machine", NUMBER, &port, true},
    {"pid", "process id of the server, whose CPU and memory are measured", NUMBER, &pid, true},
    {"connections", "how many", NUMBER, &connections, false},
    {"at-once", "handshakes in flight", NUMBER, &at_once, false},
    {"header", "more fields of the request", STRING, &header, false},
    {"settle", "seconds until the memory is looked at (decimal)", REAL, &settle, false},
    {0},
  });
  require_range("connections", (double)connections, 1, 200000);
  require_range("at-once", (double)at_once, 1, 1000);
  allow_files(connections);
  static uint8_t answer[16384];
  // What a browser would send too.
  char browser[512];
  snprintf(browser, sizeof browser,
           "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nOrigin: http://localhost:%ld%s%s", port,
           header ? "\r\n" : "", header ? header : "");

  int *sockets = allocate((size_t)connections, sizeof *sockets);
  long bytes_before = resident_bytes(pid);
  double cpu_before = cpu_of(pid), own_before = own_cpu(), began = now();
  for (long first = 0; first < connections; first += at_once) {
    long end = first + at_once < connections ? first + at_once : connections;
    for (long i = first; i < end; i++) {
      sockets[i] = connect_to(port, i / 20000);
      send_request(sockets[i], port, "/", browser);
    }
    for (long i = first; i < end; i++) read_response(sockets[i], browser, answer, sizeof answer);
  }
  double elapsed = now() - began, cpu = cpu_of(pid) - cpu_before, own = own_cpu() - own_before;
  pause_for(settle);
  long bytes_after = resident_bytes(pid);
  for (long i = 0; i < connections; i++) {
    uint8_t byte;
    ssize_t count = recv(sockets[i], &byte, 1, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) fail("connection %ld of %ld did not stay open", i + 1, connections);
  }
  printf("{\"connections\":%ld,\"seconds\":%.4f,\"handshakesPerSecond\":%.0f,\"cpuMicroseconds\":%.3f,\"serverCpu\":%.3f,"
         "\"generatorCpu\":%.3f,\"bytesPerConnection\":%.1f,\"residentBytes\":%ld}\n",
         connections, elapsed, (double)connections / elapsed, cpu / (double)connections * 1e6, cpu / elapsed, own / elapsed,
         (double)(bytes_after - bytes_before) / (double)connections, bytes_after);
  return 0;
}
