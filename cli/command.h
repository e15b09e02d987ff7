#pragma once

#include <string>
#include <vector>

namespace kaisar::cli {

/// One option of a command, as its help shows it.
struct Option {
  std::vector<std::string> names;    // "-o", "--out"; of a positional one, the word in the usage
  bool positional = false;           //
  std::string value;                 // "TEXT", "UINT"; empty: a flag, which takes none
  std::vector<std::string> choices;  // what the value may be; empty: anything, as a file's name
  std::string limits;                // "UINT in [1 - 64]" or empty
  std::string otherwise;             // the default, or empty
  bool required = false;
  std::string description;
};

/// A program or a subcommand of it, as its help shows it: what is hidden there is not here.
struct Command {
  std::string name;
  std::string description;
  std::string footer;  // empty: as that of the command above it
  std::vector<Option> options;
  std::vector<Command> commands;
};

/// A command with the words that lead to it from the program: " keys new", "" for the program.
struct Placed {
  std::string path;
  const Command* command;
};

/// The program and all commands below it, each before those below it.
inline std::vector<Placed> Flatten(const Command& program) {
  std::vector<Placed> all = {{"", &program}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Placed above = all[i];
    std::vector<Placed> below;
    for (const Command& command : above.command->commands) {
      below.push_back({above.path + " " + command.name, &command});
    }
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, below.begin(), below.end());
  }
  return all;
}

}  // namespace kaisar::cli
