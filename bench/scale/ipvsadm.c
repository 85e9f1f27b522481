/* Stands for ipvsadm(8) while measuring: one call costs about half a millisecond, as on a kernel with IPVS. Knows -A -E
 * -D -a -e -d -C -R -S -L of TCP services with masqueraded servers; the table is $IPVS_BENCH_DIR/table, and each call and
 * each line of -R is noted with the monotonic clock in $IPVS_BENCH_DIR/journal. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { BUCKETS = 4096, ARGS_MAX = 40 };

struct real {
  char address[56];
  int weight;
  struct real *next;
};
struct service {
  char address[56], scheduler[16];
  struct real *reals, **end;
  struct service *next, *same;
};

static struct service *first, **last = &first, *buckets[BUCKETS];
static int changed;

static unsigned bucket(const char *text) {
  unsigned sum = 5381;
  while (*text) sum = sum * 33 + (unsigned char)*text++;
  return sum % BUCKETS;
}

static struct service *find(const char *address) {
  for (struct service *service = buckets[bucket(address)]; service; service = service->same)
    if (strcmp(service->address, address) == 0) return service;
  return NULL;
}

static struct service *add(const char *address, const char *scheduler) {
  struct service *service = calloc(1, sizeof *service);
  snprintf(service->address, sizeof service->address, "%s", address);
  snprintf(service->scheduler, sizeof service->scheduler, "%s", scheduler);
  service->end = &service->reals;
  service->same = buckets[bucket(address)];
  buckets[bucket(address)] = service;
  *last = service;
  last = &service->next;
  return service;
}

static void add_real(struct service *service, const char *address, int weight) {
  struct real *real = calloc(1, sizeof *real);
  snprintf(real->address, sizeof real->address, "%s", address);
  real->weight = weight;
  *service->end = real;
  service->end = &real->next;
}

static void load(FILE *table) {
  char kind, address[56], word[16];
  struct service *service = NULL;
  while (fscanf(table, " %c %55s %15s", &kind, address, word) == 3) {
    if (kind == 'S') service = add(address, word);
    else add_real(service, address, atoi(word));
  }
}

static void save(const char *path) {
  char fresh[512];
  snprintf(fresh, sizeof fresh, "%s.new", path);
  FILE *table = fopen(fresh, "w");
  for (struct service *service = first; service; service = service->next) {
    fprintf(table, "S %s %s\n", service->address, service->scheduler);
    for (struct real *real = service->reals; real; real = real->next)
      fprintf(table, "R %s %d\n", real->address, real->weight);
  }
  fclose(table);
  rename(fresh, path);
}

static int complain(const char *text) {
  fprintf(stderr, "%s\n", text);
  return 255;
}

static int show(int with_thresholds) {
  printf("IP Virtual Server version 1.2.1 (size=4096)\n%s\n",
         with_thresholds ? "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn\n"
                           "  -> RemoteAddress:Port"
                         : "Prot LocalAddress:Port Scheduler Flags\n"
                           "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn");
  for (struct service *service = first; service; service = service->next) {
    printf("TCP  %s %s\n", service->address, service->scheduler);
    for (struct real *real = service->reals; real; real = real->next) {
      if (with_thresholds) printf("  -> %-28s %-10d %-10d %-10d %-10d\n", real->address, 0, 0, 0, 0);
      else printf("  -> %-28s %-7s %-6d %-10d %-10d\n", real->address, "Masq", real->weight, 0, 0);
    }
  }
  return 0;
}

static int dump(void) {
  for (struct service *service = first; service; service = service->next) {
    printf("-A -t %s -s %s\n", service->address, service->scheduler);
    for (struct real *real = service->reals; real; real = real->next)
      printf("-a -t %s -r %s -m -w %d\n", service->address, real->address, real->weight);
  }
  return 0;
}

static int perform(int count, char **words) {
  char command = 0;
  const char *address = NULL, *server = NULL, *scheduler = "wlc";
  int weight = 1, with_thresholds = 0;
  for (int i = 0; i < count; i++) {
    const char *word = words[i];
    if (word[0] != '-' || !word[1]) continue;
    if (strcmp(word, "--thresholds") == 0) with_thresholds = 1;
    else if (strchr("AEDaedCRSL", word[1])) command = word[1];
    else if (i + 1 < count && word[1] == 't') address = words[++i];
    else if (i + 1 < count && word[1] == 'r') server = words[++i];
    else if (i + 1 < count && word[1] == 's') scheduler = words[++i];
    else if (i + 1 < count && word[1] == 'w') weight = atoi(words[++i]);
  }
  if (command == 'L') return show(with_thresholds);
  if (command == 'S') return dump();
  if (command == 'C') {
    first = NULL, last = &first, changed = 1;
    memset(buckets, 0, sizeof buckets);
    return 0;
  }
  if (!command || !address) return complain("Try `ipvsadm -h' or 'ipvsadm --help' for more information.");
  struct service *service = find(address);
  changed = 1;
  if (command == 'A') return service ? complain("Service already exists") : (add(address, scheduler), 0);
  if (!service) return complain(command == 'E' || command == 'D' ? "No such service" : "Service not defined");
  if (command == 'E') return snprintf(service->scheduler, sizeof service->scheduler, "%s", scheduler), 0;
  if (command == 'D') {
    struct service **at = &first, **hashed = &buckets[bucket(address)];
    while (*at != service) at = &(*at)->next;
    *at = service->next;
    if (!service->next) last = at;
    while (*hashed != service) hashed = &(*hashed)->same;
    *hashed = service->same;
    return 0;
  }
  if (!server) return complain("You need to supply the real-server option for the command");
  struct real **at = &service->reals;
  while (*at && strcmp((*at)->address, server) != 0) at = &(*at)->next;
  if (command == 'a') return *at ? complain("Destination already exists") : (add_real(service, server, weight), 0);
  if (!*at) return complain("No such destination");
  if (command == 'e') return (*at)->weight = weight, 0;
  if (!(*at)->next) service->end = at;
  *at = (*at)->next;
  return 0;
}

int main(int count, char **words) {
  const char *folder = getenv("IPVS_BENCH_DIR");
  if (!folder) return complain("Can't initialize ipvs: Protocol not available");
  char path[400], *note;
  size_t bytes;
  struct timespec now;
  FILE *journal = open_memstream(&note, &bytes);
  snprintf(path, sizeof path, "%s/lock", folder);
  int lock = open(path, O_CREAT | O_RDWR, 0600);
  flock(lock, LOCK_EX);
  snprintf(path, sizeof path, "%s/table", folder);
  FILE *table = fopen(path, "r");
  if (table) load(table), fclose(table);
  int status = 0;
  char *line = NULL;
  size_t room = 0;
  int many = count > 1 && strcmp(words[1], "-R") == 0;
  if (many) {
    while (getline(&line, &room, stdin) > 0) {
      char *parts[ARGS_MAX];
      int n = 0;
      fprintf(journal, "  %s%s", line, strchr(line, '\n') ? "" : "\n");
      for (char *part = strtok(line, " \n"); part && n < ARGS_MAX; part = strtok(NULL, " \n")) parts[n++] = part;
      if (n > 0) perform(n, parts);
    }
  } else status = perform(count - 1, words + 1);
  if (changed) save(path);
  fclose(journal);
  clock_gettime(CLOCK_MONOTONIC, &now);
  char *call, *text;
  size_t call_bytes;
  FILE *out = open_memstream(&call, &call_bytes);
  fprintf(out, "%lld", (long long)now.tv_sec * 1000000000LL + now.tv_nsec);
  for (int i = 1; i < count; i++) fprintf(out, " %s", words[i]);
  fprintf(out, "\n");
  fclose(out);
  if (asprintf(&text, "%s%s", call, note) < 0) return 1;
  snprintf(path, sizeof path, "%s/journal", folder);
  int file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (write(file, text, strlen(text)) < 0) return 1;
  fflush(stdout);
  return status;
}
