// first error: the server has no constructor that takes these arguments, nor one that takes
#include <kin/partition_supervisor.hpp>

#include <string>

struct session : kin::gen_server {
  explicit session(std::string) {}
};
kin::partitions<session> sessions{4};
auto tree = kin::partition_supervisor(sessions, {}, 3);
