/* Preloaded into a process: its wall clock is the machine's plus the nanoseconds that stand in the file MOVED_CLOCK names.
 *
 * Only what tells the time of day is moved. Waiting goes by the monotonic clock, which stays the machine's: libfaketime
 * moves both or breaks Python's time.sleep, and does not know sem_clockwait, by which Python's threads wait.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static const volatile int64_t *moved_by;
static int (*of_machine)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("MOVED_CLOCK");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *seen = mmap(NULL, sizeof *moved_by, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (seen != MAP_FAILED)
        moved_by = seen;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!of_machine)
        of_machine = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = of_machine(clock, now);
    if (failed || !moved_by || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return failed;
    int64_t total = now->tv_sec * SECOND + now->tv_nsec + *moved_by;
    now->tv_sec = total / SECOND;
    now->tv_nsec = total % SECOND;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec found;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &found))
        return -1;
    now->tv_sec = found.tv_sec;
    now->tv_usec = found.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *kept) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (kept)
        *kept = found.tv_sec;
    return found.tv_sec;
}
