// first error: an extended_child is started by the typed name or handle of a
#include <kin/dynamic_supervisor.hpp>

struct session : kin::gen_server {
  explicit session(int) {}
};
void f(kin::server<kin::dynamic_supervisor> tree) {
  kin::start_child(tree, kin::extended_child<session>(3));
}
