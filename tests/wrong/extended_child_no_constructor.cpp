// first error: the server has no constructor that takes the supervisor's extra arguments
#include <kin/dynamic_supervisor.hpp>

#include <string>

struct session : kin::gen_server {
  explicit session(int) {}
};
void f(kin::server<kin::dynamic_supervisor_with<std::string>> tree) {
  kin::start_child(tree, kin::extended_child<session>(3));
}
