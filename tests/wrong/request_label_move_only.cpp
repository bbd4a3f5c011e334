// SPDX-License-Identifier: Apache-2.0
// first error: a request's label is copied, so that it can be kept
#include <kin/send_request.hpp>

#include <memory>

kin::request_ids<int, std::unique_ptr<int>> open;
