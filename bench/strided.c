// For each line on the standard input, a task as JSON, does the job that it names and prints its seconds: what a careful C program needs,
// with one thread, to put arrays into another order and to write them. It goes through one block of 1 MiB.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (1 << 20)

static _Alignas(64) char block[BLOCK];
static int file;

static void put(size_t length) {
  if (file < 0) return;
  for (size_t done = 0; done < length;) {
    ssize_t count = write(file, block + done, length - done);
    if (count < 0) exit(1);
    done += count;
  }
}

// Memory that is read again and again: 0 to 99, as the other contenders have it.
static void *numbers(const char *type, size_t length) {
  static struct { const char *type; size_t length; void *data; } made[16];
  int at = 0;
  while (made[at].data && (made[at].type != type || made[at].length != length)) at++;
  if (made[at].data) return made[at].data;
  void *data = aligned_alloc(64, (length * 8 + 63) / 64 * 64);
  for (size_t i = 0; i < length; i++) {
    if (!strcmp(type, "f8")) ((double *)data)[i] = i % 100;
    else if (!strcmp(type, "f4")) ((float *)data)[i] = i % 100;
    else if (!strcmp(type, "i4")) ((int32_t *)data)[i] = i % 100;
    else if (!strcmp(type, "i2")) ((int16_t *)data)[i] = i % 100;
    else ((uint8_t *)data)[i] = i % 100;
  }
  made[at].type = type;
  made[at].length = length;
  return made[at].data = data;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// Element by element, from one typed array into another.
#define EACH(name, FROM, TO, code, count, read, expression)                     \
  static void name(void) {                                                      \
    const FROM *in = numbers(code, (size_t)(count) * (read));                   \
    TO *restrict out = (TO *)block;                                             \
    for (size_t at = 0; at < (count); at += BLOCK / sizeof(TO)) {               \
      size_t length = least(BLOCK / sizeof(TO), (count) - at);                  \
      const FROM *from = in + at * (read);                                      \
      for (size_t i = 0; i < length; i++) out[i] = expression;                  \
      put(length * sizeof(TO));                                                 \
    }                                                                           \
  }

EACH(every_2nd_float64, uint64_t, uint64_t, "f8", 2048 * 1024, 2, from[2 * i])
EACH(every_3rd_uint8, uint8_t, uint8_t, "u1", 4096 * 4096, 3, from[3 * i])
EACH(float32_to_float64, float, double, "f4", 2048 * 1024, 1, from[i])
EACH(float64_to_float32, double, float, "f8", 4096 * 1024, 1, from[i])
EACH(swap_int16, uint16_t, uint16_t, "i2", 8192 * 1024, 1, __builtin_bswap16(from[i]))
EACH(swap_float32, uint32_t, uint32_t, "f4", 4096 * 1024, 1, __builtin_bswap32(from[i]))
EACH(swap_float64, uint64_t, uint64_t, "f8", 2048 * 1024, 1, __builtin_bswap64(from[i]))

static void rows_reversed(void) {
  const char *in = numbers("f8", 2048 * 1024);
  const int line = 8192, perBlock = BLOCK / line;
  for (int row = 2047; row >= 0; row -= perBlock) {
    for (int i = 0; i < perBlock; i++) memcpy(block + i * line, in + (row - i) * line, line);
    put(BLOCK);
  }
}

static void transposed_3_columns(void) {
  const size_t rows = 700000, perBlock = BLOCK / 24;
  const uint64_t *a = numbers("f8", 3 * rows), *b = a + rows, *c = b + rows;
  uint64_t *restrict out = (uint64_t *)block;
  for (size_t at = 0; at < rows; at += perBlock) {
    size_t length = least(perBlock, rows - at);
    for (size_t i = 0; i < length; i++) {
      out[3 * i] = a[at + i];
      out[3 * i + 1] = b[at + i];
      out[3 * i + 2] = c[at + i];
    }
    put(24 * length);
  }
}

// `rows` of `columns` elements (a multiple of 8): in the input those of a row are `stride` apart, and the rows adjacent.
#define TURN(name, TYPE)                                                                                          \
  static void name(const TYPE *in, size_t stride, TYPE *restrict out, size_t step, size_t rows, size_t columns) { \
    for (size_t column = 0; column < columns; column += 8) {                                                      \
      const TYPE *from = in + column * stride;                                                                    \
      TYPE *to = out + column;                                                                                    \
      for (size_t row = 0; row < rows; row++, from++, to += step) {                                               \
        for (int k = 0; k < 8; k++) to[k] = from[k * stride];                                                     \
      }                                                                                                           \
    }                                                                                                             \
  }

TURN(turn8, uint64_t)
TURN(turn4, uint32_t)

static void c_to_fortran(void) {
  const size_t size = 1448, perBlock = BLOCK / (8 * size);
  const uint64_t *in = numbers("f8", size * size);
  for (size_t row = 0; row < size; row += perBlock) {
    size_t length = least(perBlock, size - row);
    turn8(in + row, size, (uint64_t *)block, size, length, size);
    put(8 * length * size);
  }
}

static void c_to_fortran_3d(void) {
  const size_t size = 128, perBlock = BLOCK / (8 * size * size);
  const uint64_t *in = numbers("f8", size * size * size);
  for (size_t row = 0; row < size; row += perBlock) {
    for (size_t middle = 0; middle < size; middle++) {
      turn8(in + middle * size + row, size * size, (uint64_t *)block + middle * size, size * size, perBlock, size);
    }
    put(8 * perBlock * size * size);
  }
}

static void axes_2_0_1(void) {
  const size_t rows = 128, columns = 128 * 256, perBlock = BLOCK / (4 * columns);
  const uint32_t *in = numbers("f4", rows * columns);
  for (size_t row = 0; row < rows; row += perBlock) {
    turn4(in + row, rows, (uint32_t *)block, columns, perBlock, columns);
    put(4 * perBlock * columns);
  }
}

struct __attribute__((packed)) record { double t; int32_t id; float pos[3]; };

static void columns_to_records(void) {
  const size_t rows = 700000, perBlock = BLOCK / sizeof(struct record);
  const double *t = numbers("f8", rows);
  const int32_t *id = numbers("i4", rows);
  const float *pos = numbers("f4", 3 * rows);
  struct record *restrict out = (struct record *)block;
  for (size_t at = 0; at < rows; at += perBlock) {
    size_t length = least(perBlock, rows - at);
    for (size_t i = 0; i < length; i++) {
      const float *three = pos + 3 * (at + i);
      out[i] = (struct record){t[at + i], id[at + i], {three[0], three[1], three[2]}};
    }
    put(length * sizeof(struct record));
  }
}

#define JOB(name) {#name, name}
static const struct { const char *name; void (*append)(void); } jobs[] = {
    JOB(every_2nd_float64), JOB(every_3rd_uint8), JOB(rows_reversed), JOB(transposed_3_columns), JOB(c_to_fortran),
    JOB(c_to_fortran_3d), JOB(axes_2_0_1), JOB(float32_to_float64), JOB(float64_to_float32), JOB(swap_int16),
    JOB(swap_float32), JOB(swap_float64), JOB(columns_to_records)};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

// The text of a property, as JSON.stringify writes it; paths with quotes or backslashes are none of ours.
static char *property(char *line, const char *name, char *out, size_t size) {
  char pattern[64];
  snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
  char *start = strstr(line, pattern);
  if (!start) return NULL;
  start += strlen(pattern);
  snprintf(out, size, "%.*s", (int)strcspn(start, "\""), start);
  return out;
}

int main(void) {
  static char line[1 << 16], job[256], path[4096];
  while (fgets(line, sizeof line, stdin)) {
    char *appends = strstr(line, "\"appends\":");
    if (!appends || !property(line, "job", job, sizeof job)) return 1;
    int times = atoi(appends + strlen("\"appends\":"));
    size_t at = 0;
    while (at < sizeof jobs / sizeof *jobs && strcmp(jobs[at].name, job)) at++;
    if (at == sizeof jobs / sizeof *jobs) return 1;
    file = -1;
    if (!strstr(line, "\"inMemory\":true")) {
      if (!property(line, "path", path, sizeof path)) return 1;
      file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
      if (file < 0) return 1;
      // The data of a .npy file begin after its header: within a page, where writing takes a tenth longer.
      static const char header[128];
      if (write(file, header, sizeof header) < 0) return 1;
    }
    double start = now();
    for (int i = 0; i < times; i++) jobs[at].append();
    double taken = now() - start;
    if (file >= 0) close(file);
    printf("%.9f\n", taken);
    fflush(stdout);
  }
  return 0;
}
