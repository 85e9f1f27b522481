/* Preloaded into keepalived while measuring: a kernel without IPVS says yes to every socket option of IPVS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>

enum { IPVS_FIRST = 1152, IPVS_LAST = 1171, IPVS_VERSION = 0x010201 };

int setsockopt(int socket, int level, int name, const void *value, socklen_t bytes) {
  if (level == 0 && name >= IPVS_FIRST && name <= IPVS_LAST) return 0;
  int (*real)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
  return real(socket, level, name, value, bytes);
}

int getsockopt(int socket, int level, int name, void *value, socklen_t *bytes) {
  if (level == 0 && name >= IPVS_FIRST && name <= IPVS_LAST) {
    memset(value, 0, *bytes);
    int version = IPVS_VERSION;
    memcpy(value, &version, *bytes < sizeof version ? *bytes : sizeof version);
    return 0;
  }
  int (*real)(int, int, int, void *, socklen_t *) = dlsym(RTLD_NEXT, "getsockopt");
  return real(socket, level, name, value, bytes);
}
