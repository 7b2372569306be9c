// Writes an ONNX model of any number of nodes: a chain of layers shaped like a decoder's MLP block,
// for measuring time and memory against size.
//
//   chain NODES OUT.onnx [names|metadata] [inline|external]
//
// names: scopes as the TorchScript exporter leaves them in node names (default); metadata: as the
// dynamo exporter writes them. inline: small weights in the model (default); external: references
// into one file OUT.onnx.data, made sparse.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/file.h"
#include "graphcut/formats.h"
#include "tracer/build.h"

enum { WIDTH = 8, MATRIX = WIDTH * WIDTH * sizeof(float) };

typedef struct chain {
  gcut_graph *g;
  bool metadata;
  uint32_t file; // of the weights; GCUT_NONE: inline
  uint64_t offset;
  uint32_t layer, n_nodes;
} chain;

static const char *keep(chain *c, const char *text) {
  return gcut_graph_intern(c->g, text, strlen(text));
}

static uint32_t add_weight(chain *c, const char *module, int rank) {
  static const float elements[WIDTH * WIDTH] = {0.5f};
  static const int64_t dims[] = {WIDTH, WIDTH};
  char name[128];
  snprintf(name, sizeof name, "model.layers.%u.%s.weight", c->layer, module);
  gcut_constant constant = {.name = name,
                            .type = GCUT_FLOAT,
                            .rank = rank,
                            .dims = dims,
                            .bytes = rank == 2 ? MATRIX : WIDTH * sizeof(float),
                            .file = c->file,
                            .data = elements};
  if (c->file != GCUT_NONE) {
    constant.offset = c->offset;
    constant.data = c->g->files[c->file].data + c->offset;
    c->offset += MATRIX;
  }
  uint32_t value = gcut_graph_add_value(c->g, 0, constant.name);
  gcut_graph_add_initializer(c->g, 0, value, gcut_graph_add_constant(c->g, &constant));
  return value;
}

// The scope of a module of the current layer, as the names and metadata below tell it.
static uint32_t module_scope(chain *c, const char *module) {
  char name[64];
  const char *classes[] = {"chain.Model", "chain.Layer", "chain.Module"};
  if (!c->metadata) classes[0] = classes[1] = classes[2] = "";
  snprintf(name, sizeof name, "layers.%u", c->layer);
  uint32_t model = gcut_graph_add_scope(c->g, 0, "model", classes[0]);
  uint32_t layer = gcut_graph_add_scope(c->g, model, name, classes[1]);
  return gcut_graph_add_scope(c->g, layer, module, classes[2]);
}

// Adds an operator of one output in a module of the current layer.
static uint32_t add_node(chain *c, const char *module, const char *op, uint32_t a, uint32_t b) {
  char name[128], output_name[160], names[256], classes[256];
  if (c->metadata)
    snprintf(name, sizeof name, "node_%s_%u", op, c->n_nodes);
  else
    snprintf(name, sizeof name, "/model/layers.%u/%s/%s_%u", c->layer, module, op, c->n_nodes);
  snprintf(output_name, sizeof output_name, "%s_out", name);
  snprintf(names, sizeof names, "['model', 'model.layers.%u', 'model.layers.%u.%s', '%s']",
           c->layer, c->layer, module, op);
  snprintf(classes, sizeof classes, "['chain.Model', 'chain.Layer', 'chain.Module', 'aten.%s']",
           op);
  const gcut_metadata metadata[] = {{"pkg.torch.onnx.name_scopes", keep(c, names)},
                                    {"pkg.torch.onnx.class_hierarchy", keep(c, classes)}};
  uint32_t inputs[] = {a, b}, output = gcut_graph_add_value(c->g, 0, output_name);
  gcut_node_spec spec = {.name = name,
                         .op_type = op,
                         .scope = module_scope(c, module),
                         .inputs = inputs,
                         .n_inputs = b == GCUT_NONE ? 1 : 2,
                         .outputs = &output,
                         .n_outputs = 1,
                         .metadata = metadata,
                         .n_metadata = c->metadata ? 2 : 0};
  gcut_graph_add_node(c->g, &spec);
  c->n_nodes++;
  return output;
}

// One layer: x + down(silu(gate(norm(x))) * up(norm(x))).
static uint32_t add_layer(chain *c, uint32_t x) {
  uint32_t squared = add_node(c, "norm", "Mul", x, x);
  uint32_t mean = add_node(c, "norm", "ReduceMean", squared, GCUT_NONE);
  uint32_t root = add_node(c, "norm", "Sqrt", mean, GCUT_NONE);
  uint32_t scaled = add_node(c, "norm", "Div", x, root);
  uint32_t normed = add_node(c, "norm", "Mul", scaled, add_weight(c, "norm", 1));
  uint32_t gate = add_node(c, "mlp", "MatMul", normed, add_weight(c, "gate_proj", 2));
  uint32_t sigmoid = add_node(c, "mlp", "Sigmoid", gate, GCUT_NONE);
  uint32_t silu = add_node(c, "mlp", "Mul", gate, sigmoid);
  uint32_t up = add_node(c, "mlp", "MatMul", normed, add_weight(c, "up_proj", 2));
  uint32_t product = add_node(c, "mlp", "Mul", silu, up);
  uint32_t down = add_node(c, "mlp", "MatMul", product, add_weight(c, "down_proj", 2));
  uint32_t sum = add_node(c, "mlp", "Add", x, down);
  c->layer++;
  return sum;
}
enum { LAYER_NODES = 12, LAYER_WEIGHTS = 4 };

static gcut_status map_weights(chain *c, const char *path, uint32_t layers, gcut_error *err) {
  const char *data_path = gcut_arena_format(gcut_graph_arena(c->g), "%s.data", path);
  const char *slash = strrchr(data_path, '/');
  off_t bytes = (off_t)layers * LAYER_WEIGHTS * MATRIX;
  int file = open(data_path, O_RDWR | O_CREAT | O_TRUNC, 0666);
  const void *data = NULL;
  uint64_t size = 0;
  gcut_status status = GCUT_IO;
  if (file >= 0 && ftruncate(file, bytes) == 0)
    status = gcut__file_map_descriptor(file, data_path, &data, &size, err);
  if (file >= 0) close(file);
  if (status == GCUT_OK)
    c->file = gcut_graph_add_file(c->g, data_path, slash ? slash + 1 : data_path, data, size);
  c->g->path = keep(c, path);
  return status;
}

static gcut_status build(chain *c, uint32_t nodes, gcut_error *err) {
  gcut_dim dims[] = {gcut_dim_symbol(c->g->dims, "batch", 5), gcut_dim_symbol(c->g->dims, "seq", 3),
                     WIDTH};
  gcut_type type = {.type = GCUT_FLOAT, .rank = 3, .dims = dims};
  uint32_t x = gcut_graph_add_value(c->g, 0, "x");
  gcut_value_declare(c->g, x, &type);
  gcut_graph_add_input(c->g, 0, x);
  while (c->n_nodes < nodes) x = add_layer(c, x);
  gcut_value_declare(c->g, x, &type);
  gcut_graph_add_output(c->g, 0, x);
  gcut_graph_add_opset(c->g, "", 18);
  c->g->bodies[0].name = "chain";
  c->g->ir_version = 10;
  return gcut_graph_finish(c->g, err);
}

int main(int argc, char **argv) {
  gcut_error err = {{0}};
  chain c = {.file = GCUT_NONE};
  bool external = false;
  for (int i = 3; i < argc; i++) {
    c.metadata |= strcmp(argv[i], "metadata") == 0;
    external |= strcmp(argv[i], "external") == 0;
  }
  if (argc < 3) {
    fprintf(stderr, "usage: chain NODES OUT.onnx [names|metadata] [inline|external]\n");
    return 2;
  }
  uint32_t nodes = (uint32_t)strtoul(argv[1], NULL, 10);
  gcut_status status = gcut_graph_create(&c.g, &err);
  if (status == GCUT_OK && external)
    status = map_weights(&c, argv[2], nodes / LAYER_NODES + 1, &err);
  if (status == GCUT_OK) status = build(&c, nodes, &err);
  if (status == GCUT_OK) status = gcut_onnx_write(c.g, argv[2], &err);
  if (status != GCUT_OK) fprintf(stderr, "chain: %s\n", err.message);
  gcut_graph_destroy(c.g);
  return gcut_status_exit(status);
}
