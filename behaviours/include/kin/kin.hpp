// SPDX-License-Identifier: Apache-2.0
// All a program needs.
#pragma once

#include <kin/alias.hpp>
#include <kin/blocking.hpp>
#include <kin/gen_server.hpp>
#include <kin/info.hpp>
#include <kin/keyed_registry.hpp>
#include <kin/link.hpp>
#include <kin/machine.hpp>
#include <kin/no_wait.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/registry.hpp>
#include <kin/report.hpp>
#include <kin/run.hpp>
#include <kin/send.hpp>
#include <kin/spawn_request.hpp>
#include <kin/supervisor.hpp>
#include <kin/timer.hpp>
#include <kin/values.hpp>
#include <kin/with_stack.hpp>
