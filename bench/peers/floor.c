// The floor: an epoll loop that echoes, or passes on to everybody, and does next to nothing else. It checks no UTF-8, no
// limits and no rules, answers no pings and keeps no times; what it costs is what the system calls cost. Only one peer may
// send to everybody.
//
// usage: floor echo | floor fan-out       prints the port it listens on
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
  uint8_t *bytes;
  size_t used, room;
} Buffer;

typedef struct Peer {
  int fd;
  bool open, waits_for_room, gone;
  Buffer in, out; // in: an unfinished head of a request; out: what is to be sent
  uint8_t header[14]; // of the frame being read
  int header_length;
  uint8_t key[4];
  int phase; // which byte of the key is next
  uint64_t payload_left;
  struct Peer *next, *previous;
} Peer;

static Peer everybody = {.next = &everybody, .previous = &everybody};
static int poll_fd;
static bool fan_out;

static void append(Buffer *buffer, const void *bytes, size_t size) {
  if (buffer->used + size > buffer->room) {
    buffer->room = (buffer->used + size) * 2;
    buffer->bytes = realloc(buffer->bytes, buffer->room);
    if (!buffer->bytes) abort();
  }
  memcpy(buffer->bytes + buffer->used, bytes, size);
  buffer->used += size;
}

static void empty(Buffer *buffer) {
  if (buffer->room > 65536) {
    free(buffer->bytes);
    *buffer = (Buffer){0};
  }
  buffer->used = 0;
}

static void leave(Peer *peer) {
  if (peer->gone) return;
  peer->gone = true;
  close(peer->fd);
  peer->next->previous = peer->previous;
  peer->previous->next = peer->next;
}

static void send_out(Peer *peer) {
  size_t at = 0;
  while (at < peer->out.used) {
    ssize_t count = send(peer->fd, peer->out.bytes + at, peer->out.used - at, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) return leave(peer);
    if (count < 0) break;
    at += (size_t)count;
  }
  if (at == peer->out.used) empty(&peer->out);
  else if (at > 0) memmove(peer->out.bytes, peer->out.bytes + at, peer->out.used -= at);
  bool waits = peer->out.used > 0;
  if (waits == peer->waits_for_room) return;
  peer->waits_for_room = waits;
  // A peer that takes nothing is not read from.
  struct epoll_event event = {waits ? EPOLLOUT : EPOLLIN, {.ptr = peer}};
  epoll_ctl(poll_fd, EPOLL_CTL_MOD, peer->fd, &event);
}

// ------------------------------------------------------------------------------------------------- handshake

static uint32_t rotate(uint32_t word, int by) { return word << by | word >> (32 - by); }

// SHA-1 (RFC 3174) of at most 119 bytes.
static void sha1(const char *text, uint8_t out[20]) {
  uint8_t block[128] = {0};
  size_t length = strlen(text), size = length < 56 ? 64 : 128;
  memcpy(block, text, length);
  block[length] = 0x80;
  block[size - 2] = (uint8_t)(length * 8 >> 8);
  block[size - 1] = (uint8_t)(length * 8);
  uint32_t hash[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (size_t from = 0; from < size; from += 64) {
    uint32_t word[80], a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (int i = 0; i < 16; i++) {
      const uint8_t *at = block + from + 4 * i;
      word[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    for (int i = 16; i < 80; i++) word[i] = rotate(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
    for (int i = 0; i < 80; i++) {
      uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
      uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      uint32_t next = rotate(a, 5) + f + e + k + word[i];
      e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d, hash[4] += e;
  }
  for (int i = 0; i < 20; i++) out[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
}

static void answer_handshake(Peer *peer) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  append(&peer->in, "", 1);
  char *key = strcasestr((char *)peer->in.bytes, "sec-websocket-key: ");
  char text[64], accept[29] = {0}, response[256];
  uint8_t hash[21] = {0};
  if (!key || snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19) < 60) return leave(peer);
  sha1(text, hash);
  for (int i = 0; i < 27; i++) {
    int bit = i * 6, pair = hash[bit / 8] << 8 | hash[bit / 8 + 1];
    accept[i] = letters[pair >> (10 - bit % 8) & 63];
  }
  accept[27] = '=';
  int size = snprintf(response, sizeof response,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
  append(&peer->out, response, (size_t)size);
  peer->in.used = 0;
  peer->open = true;
  send_out(peer);
}

// ------------------------------------------------------------------------------------------------- frames

// Unmasks what came, in place and without waiting for whole messages; the mask keys drop out. Answers what is left.
static size_t take_frames(Peer *peer, uint8_t *bytes, size_t size) {
  size_t at = 0, out = 0;
  while (at < size) {
    if (peer->payload_left == 0) {
      peer->header[peer->header_length++] = bytes[at++];
      if (peer->header_length < 6) continue;
      int length = peer->header[1] & 0x7f, extended = length == 126 ? 2 : length == 127 ? 8 : 0;
      if (peer->header_length < 6 + extended) continue;
      if ((peer->header[0] & 0x0f) == 8) {
        leave(peer);
        return 0;
      }
      if (!extended) peer->payload_left = (uint64_t)length;
      for (int i = 0; i < extended; i++) peer->payload_left = peer->payload_left << 8 | peer->header[2 + i];
      memcpy(peer->key, peer->header + 2 + extended, 4);
      peer->header[1] &= 0x7f;
      // No more is written than was read: the header lost its key.
      memcpy(bytes + out, peer->header, 2 + (size_t)extended);
      out += 2 + (size_t)extended;
      peer->header_length = 0;
      peer->phase = 0;
      continue;
    }
    uint64_t take = size - at < peer->payload_left ? size - at : peer->payload_left, i = 0;
    uint8_t key[8];
    for (int k = 0; k < 8; k++) key[k] = peer->key[(peer->phase + k) & 3];
    for (; i + 8 <= take; i += 8) {
      uint64_t word, mask;
      memcpy(&word, bytes + at + i, 8);
      memcpy(&mask, key, 8);
      word ^= mask;
      memcpy(bytes + out + i, &word, 8);
    }
    for (; i < take; i++) bytes[out + i] = bytes[at + i] ^ key[i & 7];
    peer->phase = (int)((peer->phase + take) & 3);
    peer->payload_left -= take;
    at += take;
    out += take;
  }
  return out;
}

static void receive(Peer *peer) {
  static uint8_t input[1 << 16];
  ssize_t count = recv(peer->fd, input, sizeof input, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return leave(peer);
  if (!peer->open) {
    append(&peer->in, input, (size_t)count);
    if (memmem(peer->in.bytes, peer->in.used, "\r\n\r\n", 4)) answer_handshake(peer);
    return;
  }
  size_t size = take_frames(peer, input, (size_t)count);
  if (fan_out) {
    for (Peer *other = everybody.next; other != &everybody; other = other->next)
      if (other->open) append(&other->out, input, size);
    return;
  }
  ssize_t sent = size == 0 ? 0 : send(peer->fd, input, size, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return leave(peer);
  if (sent < 0) sent = 0;
  if ((size_t)sent == size) return;
  append(&peer->out, input + sent, size - (size_t)sent);
  send_out(peer);
}

int main(int argc, char **argv) {
  if (argc != 2 || (strcmp(argv[1], "echo") && strcmp(argv[1], "fan-out"))) {
    fprintf(stderr, "usage: floor echo | fan-out\n");
    return 2;
  }
  fan_out = !strcmp(argv[1], "fan-out");
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int listening = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listening, (struct sockaddr *)&address, size) || listen(listening, 4096)) {
    perror("floor");
    return 1;
  }
  getsockname(listening, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  poll_fd = epoll_create1(0);
  struct epoll_event listens = {EPOLLIN, {.ptr = NULL}}, events[1024];
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, listening, &listens);
  for (;;) {
    int ready = epoll_wait(poll_fd, events, 1024, -1);
    for (int i = 0; i < ready; i++) {
      Peer *peer = events[i].data.ptr;
      if (!peer) {
        int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK), on = 1;
        if (fd < 0) continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        peer = calloc(1, sizeof *peer);
        if (!peer) abort();
        *peer = (Peer){.fd = fd, .next = everybody.next, .previous = &everybody};
        everybody.next->previous = peer;
        everybody.next = peer;
        struct epoll_event event = {EPOLLIN, {.ptr = peer}};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
        continue;
      }
      if (events[i].events & ~(uint32_t)EPOLLOUT) receive(peer);
      if (!peer->gone && !fan_out && peer->out.used > 0) send_out(peer);
    }
    // A broadcast goes out when everything of this turn is read: one write for each peer.
    if (fan_out)
      for (Peer *peer = everybody.next, *next; peer != &everybody; peer = next) {
        next = peer->next;
        if (peer->out.used > 0) send_out(peer);
      }
    for (int i = 0; i < ready; i++) {
      Peer *peer = events[i].data.ptr;
      if (!peer || !peer->gone) continue;
      free(peer->in.bytes);
      free(peer->out.bytes);
      free(peer);
    }
  }
}
