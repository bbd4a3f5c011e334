# SPDX-License-Identifier: Apache-2.0
"""kin for Conan 2: conan create packaging/conan --build=missing"""
import re
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanException
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class Kin(ConanFile):
    name = "kin"
    description = "An actor runtime for C++20 with OTP's behaviours"
    license = "Apache-2.0"
    topics = ("actors", "erlang", "otp", "concurrency")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    def _tree(self):
        return Path(self.recipe_folder).parents[1]

    def set_version(self):
        project = load(self, self._tree() / "CMakeLists.txt")
        self.version = re.search(r"project\(kin VERSION ([0-9.]+)", project).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "runtime/*", "behaviours/*"):
            copy(self, pattern, self._tree(), self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("boost/[>=1.81 <2]", transitive_headers=True)  # PFR, in public headers
        self.requires("concurrentqueue/[>=1.0.3 <2]", visible=False)  # headers of the build
        self.requires("tomlplusplus/[>=3.3.0 <4]", visible=False)  # headers of the build
        self.requires("spdlog/[>=1.10 <2]")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ("BUILD_APPS", "BUILD_TESTS", "BUILD_BENCH", "PACKAGE"):
            toolchain.cache_variables[f"KIN_{part}"] = False
        toolchain.cache_variables["concurrentqueue_INCLUDE_DIR"] = self._queue_headers()
        toml = Path(self.dependencies["tomlplusplus"].package_folder) / "include"
        toolchain.cache_variables["tomlplusplus_INCLUDE_DIR"] = str(toml)
        toolchain.generate()

    def _queue_headers(self):
        """kin includes <concurrentqueue/concurrentqueue.h>; Conan's package has it elsewhere."""
        package = Path(self.dependencies["concurrentqueue"].package_folder)
        header = next(package.rglob("concurrentqueue.h"), None)
        if header is None:
            raise ConanException("the package concurrentqueue has no concurrentqueue.h")
        headers = Path(self.generators_folder) / "headers"
        copy(self, "*.h", header.parent, headers / "concurrentqueue")
        return str(headers)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, Path(self.package_folder) / "licenses")
        CMake(self).install()

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "kin")
        self.cpp_info.set_property("pkg_config_name", "kin")
        runtime = self.cpp_info.components["runtime"]
        runtime.set_property("cmake_target_name", "kin::runtime")
        runtime.libs = ["kin_runtime"]
        runtime.requires = ["boost::headers", "boost::context", "concurrentqueue::concurrentqueue"]
        runtime.system_libs = ["pthread"]
        behaviours = self.cpp_info.components["behaviours"]
        behaviours.set_property("cmake_target_name", "kin::behaviours")
        behaviours.libs = ["kin_behaviours"]
        behaviours.requires = ["runtime", "tomlplusplus::tomlplusplus", "spdlog::spdlog"]
        whole = self.cpp_info.components["kin"]
        whole.set_property("cmake_target_name", "kin::kin")
        whole.requires = ["behaviours"]
