// Runs an export as TensorFlow Serving's core does, with no Python in the process.
//
//     session EXPORT REQUESTS ANSWERS
//
// It loads EXPORT by TF_LoadSessionFromSavedModel with the tag "serve", which is the C++ function
// LoadSavedModel that a server calls, looks each request's signature up in the MetaGraphDef that
// this call returns, and runs it in the one session. A bad request is answered with its status, and
// the next one is taken.
//
// REQUESTS is any number of: signature (a string), number of inputs (int32), and for each input its
// name (a string) and a tensor. ANSWERS is for each request: status code (int32; 0 is success),
// message (a string), number of outputs (int32), and for each output its name and a tensor. A
// string is its length (int64) and its bytes; a tensor is TF_DataType (int32), rank (int32),
// dimensions (int64 each) and its values as one string, where those of a tensor of strings are
// strings. All numbers are in the machine's own byte order.

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

#define MOST 16  // inputs or outputs of a signature, dimensions of a tensor

static void fail(const char *format, ...) {
  va_list words;
  va_start(words, format);
  vfprintf(stderr, format, words);
  va_end(words);
  fputc('\n', stderr);
  exit(2);
}

// ---- Bytes, and Protocol Buffers' wire format as far as a MetaGraphDef needs it -----------------

typedef struct {
  const uint8_t *at, *end;
} Bytes;

static Bytes take(Bytes *from, uint64_t count) {
  if (count > (uint64_t)(from->end - from->at)) fail("the bytes end too early");
  Bytes taken = {from->at, from->at + count};
  from->at = taken.end;
  return taken;
}

static bool same(Bytes one, Bytes other) {
  size_t size = one.end - one.at;
  return size == (size_t)(other.end - other.at) && memcmp(one.at, other.at, size) == 0;
}

static uint64_t varint(Bytes *from) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint8_t byte = *take(from, 1).at;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail("a varint of more than 64 bits");
  return 0;
}

// Takes the next field of a message; `content` is empty where the field is a number.
static bool next_field(Bytes *message, int *number, Bytes *content) {
  if (message->at == message->end) return false;
  uint64_t key = varint(message);
  *number = key >> 3;
  *content = (Bytes){NULL, NULL};
  switch (key & 7) {
    case 0: varint(message); break;
    case 1: take(message, 8); break;
    case 2: *content = take(message, varint(message)); break;
    case 5: take(message, 4); break;
    default: fail("field %d has wire type %d", *number, (int)(key & 7));
  }
  return true;
}

// The last field of this number, which is the one that counts; empty where there is none.
static Bytes field(Bytes message, int wanted) {
  Bytes found = {NULL, NULL}, content;
  for (int number; next_field(&message, &number, &content);)
    if (number == wanted) found = content;
  return found;
}

// Takes the next entry of the map that is field `wanted` of a message.
static bool next_entry(Bytes *message, int wanted, Bytes *key, Bytes *value) {
  Bytes entry;
  for (int number; next_field(message, &number, &entry);)
    if (number == wanted) {
      *key = field(entry, 1);
      *value = field(entry, 2);
      return true;
    }
  return false;
}

static bool find_entry(Bytes message, int wanted, Bytes key, Bytes *value) {
  Bytes other;
  while (next_entry(&message, wanted, &other, value))
    if (same(other, key)) return true;
  return false;
}

// Field numbers of tensorflow/core/protobuf/meta_graph.proto.
enum { META_GRAPH_SIGNATURES = 5, SIGNATURE_INPUTS = 1, SIGNATURE_OUTPUTS = 2, INFO_NAME = 1 };

// ---- Requests and answers -----------------------------------------------------------------------

static int32_t take_int32(Bytes *from) {
  int32_t value;
  memcpy(&value, take(from, sizeof value).at, sizeof value);
  return value;
}

static int64_t take_int64(Bytes *from) {
  int64_t value;
  memcpy(&value, take(from, sizeof value).at, sizeof value);
  return value;
}

static Bytes take_string(Bytes *from) { return take(from, take_int64(from)); }

static TF_Tensor *take_tensor(Bytes *from) {
  TF_DataType type = take_int32(from);
  int rank = take_int32(from);
  if (rank < 0 || rank > MOST) fail("a tensor of rank %d", rank);
  int64_t shape[MOST];
  for (int i = 0; i < rank; i++) shape[i] = take_int64(from);
  Bytes values = take_string(from);
  if (TF_DataTypeSize(type) == 0) fail("no tensor of type %d can be sent", type);
  TF_Tensor *tensor = TF_AllocateTensor(type, shape, rank, values.end - values.at);
  if (tensor == NULL) fail("no memory for a tensor");
  memcpy(TF_TensorData(tensor), values.at, values.end - values.at);
  return tensor;
}

static void put_int32(FILE *to, int32_t value) { fwrite(&value, sizeof value, 1, to); }

static void put_string(FILE *to, const void *bytes, int64_t size) {
  fwrite(&size, sizeof size, 1, to);
  fwrite(bytes, 1, size, to);
}

static void put_tensor(FILE *to, const TF_Tensor *tensor) {
  int rank = TF_NumDims(tensor);
  put_int32(to, TF_TensorType(tensor));
  put_int32(to, rank);
  for (int i = 0; i < rank; i++) {
    int64_t size = TF_Dim(tensor, i);
    fwrite(&size, sizeof size, 1, to);
  }
  if (TF_TensorType(tensor) != TF_STRING) {
    put_string(to, TF_TensorData(tensor), TF_TensorByteSize(tensor));
    return;
  }
  const TF_TString *strings = TF_TensorData(tensor);
  int64_t count = TF_TensorElementCount(tensor), size = 0;
  for (int64_t i = 0; i < count; i++) size += sizeof size + TF_StringGetSize(strings + i);
  fwrite(&size, sizeof size, 1, to);
  for (int64_t i = 0; i < count; i++)
    put_string(to, TF_StringGetDataPointer(strings + i), TF_StringGetSize(strings + i));
}

// ---- One request --------------------------------------------------------------------------------

typedef struct {
  TF_Graph *graph;
  TF_Session *session;
  Bytes meta_graph;
} Model;

// One side of a call: the tensors of a signature's inputs or of its outputs.
typedef struct {
  int count;
  Bytes names[MOST];
  TF_Output places[MOST];
  TF_Tensor *values[MOST];
} Side;

// Finds the place in the graph that a TensorInfo names, "operation:output".
static TF_Output place_of(TF_Graph *graph, Bytes info) {
  Bytes name = field(info, INFO_NAME);
  char text[1024];
  snprintf(text, sizeof text, "%.*s", (int)(name.end - name.at), (const char *)name.at);
  char *colon = strrchr(text, ':');
  if (colon == NULL) fail("'%s' names no output of an operation", text);
  *colon = '\0';
  TF_Output place = {TF_GraphOperationByName(graph, text), atoi(colon + 1)};
  if (place.oper == NULL) fail("the graph has no operation '%s'", text);
  return place;
}

// Fills the inputs' places and the outputs' names and places in from the signature.
static void look_up(const Model *model, Bytes name, Side *inputs, Side *outputs,
                    TF_Status *status) {
  Bytes signature, key, info;
  if (!find_entry(model->meta_graph, META_GRAPH_SIGNATURES, name, &signature)) {
    TF_SetStatus(status, TF_FAILED_PRECONDITION, "no such signature");
    return;
  }
  int wanted = 0;
  for (Bytes rest = signature; next_entry(&rest, SIGNATURE_INPUTS, &key, &info);) wanted++;
  for (int i = 0; i < inputs->count; i++) {
    if (!find_entry(signature, SIGNATURE_INPUTS, inputs->names[i], &info) ||
        wanted != inputs->count) {
      TF_SetStatus(status, TF_INVALID_ARGUMENT, "the inputs are not those of the signature");
      return;
    }
    inputs->places[i] = place_of(model->graph, info);
  }
  for (Bytes rest = signature; next_entry(&rest, SIGNATURE_OUTPUTS, &key, &info);) {
    if (outputs->count == MOST) fail("more than %d outputs", MOST);
    outputs->names[outputs->count] = key;
    outputs->places[outputs->count++] = place_of(model->graph, info);
  }
}

static void answer(const Model *model, Bytes *requests, FILE *answers) {
  Side inputs = {0}, outputs = {0};
  Bytes name = take_string(requests);
  inputs.count = take_int32(requests);
  if (inputs.count < 0 || inputs.count > MOST) fail("%d inputs", inputs.count);
  for (int i = 0; i < inputs.count; i++) {
    inputs.names[i] = take_string(requests);
    inputs.values[i] = take_tensor(requests);
  }

  TF_Status *status = TF_NewStatus();
  look_up(model, name, &inputs, &outputs, status);
  if (TF_GetCode(status) == TF_OK)
    TF_SessionRun(model->session, NULL, inputs.places, inputs.values, inputs.count, outputs.places,
                  outputs.values, outputs.count, NULL, 0, NULL, status);

  put_int32(answers, TF_GetCode(status));
  put_string(answers, TF_Message(status), strlen(TF_Message(status)));
  int given = TF_GetCode(status) == TF_OK ? outputs.count : 0;
  put_int32(answers, given);
  for (int i = 0; i < given; i++) {
    put_string(answers, outputs.names[i].at, outputs.names[i].end - outputs.names[i].at);
    put_tensor(answers, outputs.values[i]);
    TF_DeleteTensor(outputs.values[i]);
  }
  for (int i = 0; i < inputs.count; i++) TF_DeleteTensor(inputs.values[i]);
  TF_DeleteStatus(status);
}

static Bytes read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail("cannot read %s", path);
  long size = ftell(file);
  uint8_t *bytes = malloc(size + 1);
  rewind(file);
  if (bytes == NULL || fread(bytes, 1, size, file) != (size_t)size) fail("cannot read %s", path);
  fclose(file);
  return (Bytes){bytes, bytes + size};
}

int main(int count, char **words) {
  if (count != 4) fail("usage: session EXPORT REQUESTS ANSWERS");
  TF_Status *status = TF_NewStatus();
  TF_SessionOptions *options = TF_NewSessionOptions();
  TF_Buffer *meta_graph = TF_NewBuffer();
  const char *tags[] = {"serve"};
  Model model = {.graph = TF_NewGraph()};
  model.session = TF_LoadSessionFromSavedModel(options, NULL, words[1], tags, 1, model.graph,
                                               meta_graph, status);
  if (TF_GetCode(status) != TF_OK) fail("%s does not load: %s", words[1], TF_Message(status));
  const uint8_t *data = meta_graph->data;
  model.meta_graph = (Bytes){data, data + meta_graph->length};

  Bytes requests = read_file(words[2]);
  FILE *answers = fopen(words[3], "wb");
  if (answers == NULL) fail("cannot write %s", words[3]);
  while (requests.at < requests.end) answer(&model, &requests, answers);
  if (fclose(answers) != 0) fail("cannot write %s", words[3]);

  TF_CloseSession(model.session, status);
  TF_DeleteSession(model.session, status);
  TF_DeleteGraph(model.graph);
  TF_DeleteBuffer(meta_graph);
  TF_DeleteSessionOptions(options);
  TF_DeleteStatus(status);
  return 0;
}
