/* The limit: an epoll echo server that reads what is there and writes it once.
 *
 *     echo_c      prints its port, serves until killed
 *
 * It sends whole frames only, as the others do: the rest of a frame waits in the buffer.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM (1 << 18)
struct conn { int fd; size_t held; char data[ROOM]; };

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, poller = epoll_create1(0);
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    if (bind(listener, (void *)&where, size) || listen(listener, 4096)) return 1;
    getsockname(listener, (void *)&where, &size);
    printf("%d\n", ntohs(where.sin_port)); fflush(stdout);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (!c) {
                c = malloc(sizeof *c); c->held = 0; c->fd = accept(listener, NULL, NULL);
                setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                e.data.ptr = c; epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
                continue;
            }
            ssize_t r = recv(c->fd, c->data + c->held, ROOM - c->held, 0);
            if (r <= 0) { close(c->fd); free(c); continue; }
            c->held += r;
            size_t whole = 0;
            while (c->held - whole >= 4) {
                unsigned length; memcpy(&length, c->data + whole, 4); length = ntohl(length);
                if (length > ROOM - 4 || c->held - whole < 4 + length) break;
                whole += 4 + length;
            }
            if (whole && send(c->fd, c->data, whole, MSG_NOSIGNAL) < 0) { close(c->fd); free(c); continue; }
            memmove(c->data, c->data + whole, c->held - whole); c->held -= whole;
        }
    }
}
