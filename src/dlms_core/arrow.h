/* The structures of the Arrow C data and C stream interfaces, whose layout is a stable ABI
   (https://arrow.apache.org/docs/format/CDataInterface.html, CStreamInterface.html). */
#ifndef DLMS_ARROW_H
#define DLMS_ARROW_H

#include <stdint.h>

#define DLMS_ARROW_NULLABLE 2

typedef struct dlms_arrow_schema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct dlms_arrow_schema **children;
    struct dlms_arrow_schema *dictionary;
    void (*release)(struct dlms_arrow_schema *);
    void *private_data;
} dlms_arrow_schema;

typedef struct dlms_arrow_array {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct dlms_arrow_array **children;
    struct dlms_arrow_array *dictionary;
    void (*release)(struct dlms_arrow_array *);
    void *private_data;
} dlms_arrow_array;

typedef struct dlms_arrow_stream {
    int (*get_schema)(struct dlms_arrow_stream *, dlms_arrow_schema *);
    int (*get_next)(struct dlms_arrow_stream *, dlms_arrow_array *);
    const char *(*get_last_error)(struct dlms_arrow_stream *);
    void (*release)(struct dlms_arrow_stream *);
    void *private_data;
} dlms_arrow_stream;

/* A record batch has no validity of its own. */
static const void *dlms_arrow_no_validity[1] = {0};

#endif
