/* A webcam for tests, to be preloaded: /dev/video0 gives the JPEGs of $WEBCAM_PICTURES.
 *
 * What a program asks of that device, through open, stat, ioctl, mmap and close, is answered here as a
 * driver of Video4Linux would; all other files are left alone. The device gives 0000.jpg, 0001.jpg ...
 * round and round, 30 a second, motion JPEG of 640x480. It is unplugged while there is a file "gone" in
 * that folder; a file "missed" is made when somebody tries to open it meanwhile.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <linux/videodev2.h>

#define NODE "/dev/video0"
#define BUFFERS 8
#define BUFFER_BYTES (1 << 20)
#define INTERVAL_NS 33333333

static int device = -1; /* file whose pages are the buffers */
static char *memory;
static unsigned waiting[BUFFERS], first, last; /* buffers to be filled, a ring */
static unsigned pictures_given;
static struct timespec next_picture;

static int refuse(int reason)
{
    errno = reason;
    return -1;
}

static void name_in_folder(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", getenv("WEBCAM_PICTURES"), name);
}

static int is_gone(void)
{
    char path[512];
    name_in_folder(path, sizeof path, "gone");
    return access(path, F_OK) == 0;
}

static int open_device(void)
{
    if (is_gone()) {
        char path[512];
        name_in_folder(path, sizeof path, "missed");
        FILE *missed = fopen(path, "wb");
        if (missed)
            fclose(missed);
        return refuse(ENOENT);
    }
    if (device >= 0)
        return refuse(EBUSY);
    device = memfd_create("webcam", 0);
    if (device < 0 || ftruncate(device, BUFFERS * BUFFER_BYTES))
        return -1;
    memory = mmap(0, BUFFERS * BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
    first = last = 0;
    return device;
}

/* Fill the buffer that waits longest, when the next picture is due. */
static int give_picture(struct v4l2_buffer *buffer)
{
    char name[32], path[512];
    if (first == last)
        return refuse(EAGAIN);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next_picture, 0);
    next_picture.tv_nsec += INTERVAL_NS;
    if (next_picture.tv_nsec >= 1000000000) {
        next_picture.tv_sec++;
        next_picture.tv_nsec -= 1000000000;
    }
    if (is_gone())
        return refuse(ENODEV);
    unsigned index = waiting[first++ % BUFFERS];
    snprintf(name, sizeof name, "%04u.jpg", pictures_given % atoi(getenv("WEBCAM_COUNT")));
    name_in_folder(path, sizeof path, name);
    FILE *picture = fopen(path, "rb");
    if (!picture)
        return refuse(EIO);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    buffer->index = index;
    buffer->bytesused = fread(memory + index * BUFFER_BYTES, 1, BUFFER_BYTES, picture);
    buffer->length = BUFFER_BYTES;
    buffer->m.offset = index * BUFFER_BYTES;
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    buffer->sequence = pictures_given++;
    buffer->timestamp.tv_sec = now.tv_sec;
    buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    fclose(picture);
    return 0;
}

static void describe_format(struct v4l2_pix_format *format)
{
    memset(format, 0, sizeof *format);
    format->width = 640;
    format->height = 480;
    format->pixelformat = V4L2_PIX_FMT_MJPEG;
    format->field = V4L2_FIELD_NONE;
    format->sizeimage = BUFFER_BYTES;
    format->colorspace = V4L2_COLORSPACE_JPEG;
}

static int answer(unsigned long request, void *argument)
{
    if (is_gone())
        return refuse(ENODEV);
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *capability = argument;
        memset(capability, 0, sizeof *capability);
        strcpy((char *)capability->driver, "test");
        strcpy((char *)capability->card, "Webcam of the tests");
        capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        capability->capabilities = capability->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *format = argument;
        if (format->index)
            return refuse(EINVAL);
        format->pixelformat = V4L2_PIX_FMT_MJPEG;
        format->flags = V4L2_FMT_FLAG_COMPRESSED;
        strcpy((char *)format->description, "Motion-JPEG");
        return 0;
    }
    case VIDIOC_ENUMINPUT: {
        struct v4l2_input *input = argument;
        if (input->index)
            return refuse(EINVAL);
        strcpy((char *)input->name, "Camera");
        input->type = V4L2_INPUT_TYPE_CAMERA;
        input->std = 0;
        return 0;
    }
    case VIDIOC_G_INPUT:
        *(int *)argument = 0;
        return 0;
    case VIDIOC_S_INPUT:
        return *(int *)argument ? refuse(EINVAL) : 0;
    case VIDIOC_S_FMT:
    case VIDIOC_G_FMT:
    case VIDIOC_TRY_FMT: {
        struct v4l2_format *format = argument;
        if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
            return refuse(EINVAL);
        describe_format(&format->fmt.pix);
        return 0;
    }
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *parameters = argument;
        memset(&parameters->parm, 0, sizeof parameters->parm);
        parameters->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        parameters->parm.capture.timeperframe = (struct v4l2_fract){1, 30};
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *buffers = argument;
        if (buffers->count > BUFFERS)
            buffers->count = BUFFERS;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *buffer = argument;
        buffer->length = BUFFER_BYTES;
        buffer->m.offset = buffer->index * BUFFER_BYTES;
        buffer->flags = 0;
        return 0;
    }
    case VIDIOC_QBUF:
        waiting[last++ % BUFFERS] = ((struct v4l2_buffer *)argument)->index;
        return 0;
    case VIDIOC_STREAMON:
        clock_gettime(CLOCK_MONOTONIC, &next_picture);
        return 0;
    case VIDIOC_STREAMOFF:
        first = last = 0;
        return 0;
    case VIDIOC_DQBUF:
        return give_picture(argument);
    default:
        return refuse(ENOTTY);
    }
}

#define REAL(result, name, ...)                       \
    static result (*real)(__VA_ARGS__);               \
    if (!real)                                        \
        real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int is_node(const char *path)
{
    return path && !strcmp(path, NODE);
}

int open(const char *path, int flags, ...)
{
    REAL(int, "open", const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return is_node(path) ? open_device() : real(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    REAL(int, "open64", const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return is_node(path) ? open_device() : real(path, flags, mode);
}

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
    return open64(path, flags);
}

int stat(const char *path, struct stat *status)
{
    REAL(int, "stat", const char *, struct stat *);
    if (!is_node(path))
        return real(path, status);
    memset(status, 0, sizeof *status);
    status->st_mode = S_IFCHR | 0666;
    return 0;
}

int close(int file)
{
    REAL(int, "close", int);
    if (file >= 0 && file == device) {
        munmap(memory, BUFFERS * BUFFER_BYTES);
        device = -1;
    }
    return real(file);
}

int ioctl(int file, unsigned long request, ...)
{
    REAL(int, "ioctl", int, unsigned long, ...);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return file >= 0 && file == device ? answer(request, argument) : real(file, request, argument);
}
