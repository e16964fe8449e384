/* Load for an echo server: N connections, W messages of S bytes in flight on each.
 *
 *     echo_load PORT CONNECTIONS WINDOW PAYLOAD SECONDS
 *
 * Prints one line of JSON: messages in all, messages per second and latency percentiles (one sample per
 * write, so a window is timed as a whole). Length prefix: 4 bytes, big-endian.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct conn { int fd; size_t got; double since; };
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
static int by_value(const void *a, const void *b) { double d = *(double *)a - *(double *)b; return (d > 0) - (d < 0); }

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0) { if (errno == EINTR) continue; perror("send"); exit(1); }
        data += n; size -= n;
    }
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    int port = atoi(argv[1]), count = atoi(argv[2]), window = atoi(argv[3]), payload = atoi(argv[4]);
    double seconds = atof(argv[5]);
    size_t frame = payload + 4, block = frame * window;
    char *data = calloc(1, block), *sink = malloc(1 << 20);
    for (int i = 0; i < window; i++) { unsigned n = htonl(payload); memcpy(data + i * frame, &n, 4); memset(data + i * frame + 4, 'x', payload); }
    struct conn *conns = calloc(count, sizeof *conns);
    int poller = epoll_create1(0), on = 1;
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < count; i++) {
        conns[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(conns[i].fd, (void *)&where, sizeof where)) { perror("connect"); return 1; }
        setsockopt(conns[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &conns[i]};
        epoll_ctl(poller, EPOLL_CTL_ADD, conns[i].fd, &e);
    }
    size_t room = 1 << 20, samples = 0; double *latency = malloc(room * sizeof *latency);
    for (int i = 0; i < count; i++) { conns[i].since = now(); send_all(conns[i].fd, data, block); }
    double warm = now() + 0.3, start = 0, end = warm + seconds; long long messages = 0, all = 0;
    struct epoll_event events[256];
    for (;;) {
        int n = epoll_wait(poller, events, 256, 1000); double t = now();
        if (!start && t >= warm) { start = t; all += messages; messages = 0; samples = 0; }
        if (t >= end) break;
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            ssize_t r = recv(c->fd, sink, 1 << 20, MSG_DONTWAIT);
            if (r <= 0) { if (r < 0 && errno == EAGAIN) continue; fprintf(stderr, "server closed\n"); return 1; }
            c->got += r;
            if (c->got < block) continue;
            c->got -= block; messages += window;
            if (samples < room) latency[samples++] = t - c->since;
            c->since = t; send_all(c->fd, data, block);
        }
    }
    double took = now() - start;
    qsort(latency, samples, sizeof *latency, by_value);
    printf("{\"messages\": %lld, \"per_second\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", all + messages, messages / took,
           samples ? latency[samples / 2] * 1e6 : 0, samples ? latency[(size_t)(samples * 0.99)] * 1e6 : 0);
    return 0;
}
