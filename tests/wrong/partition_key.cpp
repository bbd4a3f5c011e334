// first error: what leads to a partition needs a std::hash
#include <kin/partition_supervisor.hpp>

struct key {};
struct session : kin::gen_server {};
kin::partitions<session> sessions{4};
auto one = sessions[key{}];
