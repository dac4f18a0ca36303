// What all load generators share: options, the opening handshake, frames, and the CPU and memory of the server.
//
// A generator prints one line of JSON on standard output, or one line that says what is wrong on standard error and
// exits with 1 (2 for wrong options). Everything is for one thread and one server on this machine.
#ifndef LOAD_H
#define LOAD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8, FIN = 0x80, RSV1 = 0x40 };

/** Prints what is wrong and exits with 1. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
/** Zeroed memory. */
void *allocate(size_t count, size_t size);

// ------------------------------------------------------------------------------------------------- options

typedef struct {
  const char *name; // as typed: --name VALUE
  const char *help; // what VALUE is
  enum { NUMBER, REAL, STRING } kind;
  void *into; // long, double or const char *: holds the default until VALUE is read
  bool required;
} Option;

/** Reads pairs of --name VALUE; `options` ends with an empty one. Every option may be given once. */
void read_options(int count, char **values, const char *purpose, const Option *options);
void require_range(const char *name, double value, double least, double most);

// ------------------------------------------------------------------------------------------------- clocks and memory

/** Seconds. */
double now(void);
/** CPU seconds of this process. */
double own_cpu(void);
/** CPU seconds, user and system, of all threads of a process. */
double cpu_of(long pid);
long resident_bytes(long pid);
void pause_for(double seconds);

// ------------------------------------------------------------------------------------------------- what is sent

/** One frame, written several times in a row so that several messages go out in one call. */
typedef struct {
  uint8_t *bytes;
  size_t frame_size, total_size;
  uint8_t *payload;
  size_t payload_size;
  int first_byte;
} Load;

/** The most bytes a frame has before its payload. */
enum { MAX_HEADER = 14 };

/** A masked frame as a client sends it; answers its size. */
size_t write_frame(uint8_t *out, int first_byte, const uint8_t *payload, size_t length);
/** From a file (first byte: that of the frame; the rest: payload) or, without one, `size` letters. */
Load make_load(const char *file_name, long size, const char *type, long times);

// ------------------------------------------------------------------------------------------------- connections

typedef struct {
  int fd;
  bool wants_room;    // waiting until the socket takes more
  size_t unsent;      // bytes of the load still to be sent
  size_t sent_to;     // where in the load they begin
  uint8_t header[10]; // of the frame being read
  int header_length;  // so much of it is there; -1: all, payload follows
  uint64_t payload_left;
  int message_byte;  // first byte of the first frame of the message being read
  uint64_t messages; // for the program's own use
  char beginning[16]; // of the payload of the message being read
  int beginning_length;
} Connection;

/** Messages that begin so are not counted; at most 16 letters, or NULL. */
extern const char *ignored_beginning;
/** `watch_all` adds connections to this. */
extern int poll_fd;

/** A TCP connection to 127.0.0.1, or `host` addresses further on: one has too few ports for very many connections. */
int connect_to(long port, long host);
void send_request(int fd, long port, const char *path, const char *header);
/** Reads and checks the answer; what came behind it is left in `rest`, its length is the result. */
size_t read_response(int fd, const char *header, uint8_t *rest, size_t room);
/** Raises the limit of open files to what the system allows. */
void allow_files(long connections);
/** Connections whose handshakes are done, and `greetings` messages of the server read. They still block. */
Connection *open_connections(long count, long port, const char *path, const char *header, long greetings);
/** Reads until `count` messages have come, on a connection that still blocks. */
void await_messages(Connection *connection, long count);
/** Sends one message and checks the echo: the same bytes, or a compressed message where a compressed one was sent. */
void check_echo(Connection *connection, const Load *load);
/** From here on connections do not block, and `epoll_wait` on `poll_fd` tells of them. */
void watch_all(Connection *connections, long count);
/** Sends `count` frames of the load, as far as the socket takes them; the rest waits for `send_unsent`. */
void send_messages(Connection *connection, const Load *load, long count);
void send_unsent(Connection *connection, const Load *load);
/** Reads what is there and answers how many messages ended in it; -1 where nothing is there. */
long read_messages(Connection *connection);

// ------------------------------------------------------------------------------------------------- measuring

/** Counts from the end of the warm-up on. */
typedef struct {
  double begins, ends, began, server_cpu, own_cpu, machine_cpu;
  uint64_t units;
  bool running;
} Measurement;

Measurement measure_after(double warm_up, double seconds);
/** To be called on every turn of the loop; answers whether it goes on. */
bool goes_on(Measurement *measurement, long pid, uint64_t units);
/** The fields of the line of results; `units` as in `goes_on`, each of which stands for `weight` messages. */
void print_measurement(const Measurement *measurement, long pid, uint64_t units, double weight);

#endif
