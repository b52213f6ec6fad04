// How well shares are held, and what it costs in latency: a day of calls from 60 metros, given to two and to four
// regions by each policy, beside weighted random, nearest only, and smooth weighted round robin; all measured against
// the optimum that a linear program (CLP, a process of its own) finds for each hour with hindsight. Then how many
// decisions a second one core makes.
//
// usage: distribution [--calls N] [--plot FILE]
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include "core/distribution/balance.h"
#include "distribution/day.h"

namespace tandem::bench {
namespace {

using distribution::Balance;
using distribution::Policy;
using Chooser = std::function<std::size_t(const std::vector<double>& latency)>;

std::vector<std::int64_t> shares_of(const std::vector<Site>& sites) {
  std::vector<std::int64_t> out;
  for (const Site& site : sites) out.push_back(site.share);
  return out;
}

Chooser by_policy(const std::vector<Site>& sites, Policy policy) {
  auto balance = std::make_shared<Balance>();
  balance->weigh(shares_of(sites));
  return [balance, policy](const std::vector<double>& latency) {
    return balance->choose({policy, distribution::kBound, latency, {}}).region;
  };
}

Chooser weighted_random(const std::vector<Site>& sites) {
  auto rng = std::make_shared<Rng>(Rng{11});
  return [rng, sites](const std::vector<double>&) {
    auto at = static_cast<std::int64_t>(rng->below(1000));
    std::size_t region = 0;
    while (at >= sites[region].share) at -= sites[region++].share;
    return region;
  };
}

Chooser nearest_only() {
  return [](const std::vector<double>& latency) {
    return static_cast<std::size_t>(std::ranges::min_element(latency) - latency.begin());
  };
}

Chooser smooth_round_robin(const std::vector<Site>& sites) {
  auto current = std::make_shared<std::vector<std::int64_t>>(sites.size());
  return [current, sites](const std::vector<double>&) {
    for (std::size_t i = 0; i < sites.size(); ++i) (*current)[i] += sites[i].share;
    const auto best = std::ranges::max_element(*current);
    *best -= 1000;
    return static_cast<std::size_t>(best - current->begin());
  };
}

struct Outcome {
  double latency = 0;                      // mean, milliseconds
  double ahead = 0;                        // the most that a region was ahead of its target after any call
  std::vector<double> hourly;              // mean latency
  std::vector<std::vector<double>> share;  // by hour, by region
};

Outcome live(const Day& day, const std::vector<Site>& sites, const Chooser& choose) {
  Outcome out;
  std::vector<double> count(sites.size());
  double all = 0;
  for (const auto& hour : day.hours) {
    double sum = 0;
    std::vector<double> of_hour(sites.size());
    for (const std::uint16_t metro : hour) {
      const std::size_t region = choose(day.latency[metro]);
      sum += day.latency[metro][region];
      ++count[region];
      ++of_hour[region];
      ++all;
      for (std::size_t i = 0; i < sites.size(); ++i) {
        out.ahead = std::max(out.ahead, count[i] - all * static_cast<double>(sites[i].share) / 1000);
      }
    }
    for (double& each : of_hour) each /= static_cast<double>(hour.size());
    out.share.push_back(of_hour);
    out.hourly.push_back(sum / static_cast<double>(hour.size()));
    out.latency += sum;
  }
  out.latency /= all;
  return out;
}

// The least mean latency with the shares held in every hour. Empty: CLP is not there or found nothing.
std::optional<double> optimum(const Day& day, const std::vector<Site>& sites) {
  const std::string stem = "/tmp/tandem-distribution-" + std::to_string(getpid());
  const std::string problem = stem + ".lp";
  const std::string solution = stem + ".txt";
  double all = 0;
  {
    std::ofstream lp(problem);
    std::ostringstream rows;
    lp.precision(15);
    rows.precision(15);
    lp << "Minimize\n obj:";
    int row = 0;
    for (std::size_t h = 0; h < day.hours.size(); ++h) {
      std::map<std::uint16_t, std::size_t> calls;
      for (const std::uint16_t metro : day.hours[h]) ++calls[metro];
      all += static_cast<double>(day.hours[h].size());
      std::vector<std::string> of_region(sites.size());
      for (const auto& [metro, n] : calls) {
        rows << " r" << row++ << ":";
        for (std::size_t i = 0; i < sites.size(); ++i) {
          const std::string x = "x" + std::to_string(h) + "_" + std::to_string(metro) + "_" + std::to_string(i);
          lp << " + " << day.latency[metro][i] << " " << x << "\n";
          rows << " + " << x;
          of_region[i] += " + " + x + "\n";
        }
        rows << " = " << n << "\n";
      }
      for (std::size_t i = 0; i < sites.size(); ++i) {
        rows << " r" << row++ << ":" << of_region[i] << " = "
             << static_cast<double>(day.hours[h].size()) * static_cast<double>(sites[i].share) / 1000 << "\n";
      }
    }
    lp << "Subject To\n" << rows.str() << "End\n";
  }
  const std::string command = "clp " + problem + " -solve -solution " + solution + " >/dev/null 2>&1";
  const bool ran = std::system(command.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): one thread
  std::ifstream in(solution);
  std::string line;
  std::optional<double> found;
  const std::string head = "Optimal - objective value";
  if (ran && std::getline(in, line) && line.starts_with(head)) {
    found = std::strtod(line.c_str() + head.size(), nullptr) / all;
  }
  std::remove(problem.c_str());
  std::remove(solution.c_str());
  return found;
}

bool measure(const std::vector<Site>& sites, std::size_t calls, double limit) {
  const Day day = make_day(sites, calls, 1);
  const auto best = optimum(day, sites);
  if (!best) {
    std::fprintf(stderr, "distribution: the optimum could not be found: is clp installed (script/bootstrap)?\n");
    return false;
  }
  std::printf("%zu regions, %zu calls of a day, from 60 metros: optimum, shares held in every hour: %.2f ms\n",
              sites.size(), calls, *best);
  std::printf("  %-28s %9s %9s %12s\n", "", "mean ms", "over it", "most ahead");
  const auto row = [&](const char* name, const Chooser& choose) {
    const Outcome out = live(day, sites, choose);
    std::printf("  %-28s %9.2f %8.2f%% %12.2f\n", name, out.latency, (out.latency / *best - 1) * 100, out.ahead);
    return out;
  };
  const Outcome balanced = row("nearest-balanced", by_policy(sites, Policy::nearest_balanced));
  const Outcome fixed = row("fixed", by_policy(sites, Policy::fixed));
  row("weighted random", weighted_random(sites));
  row("nearest only", nearest_only());
  row("smooth weighted round robin", smooth_round_robin(sites));
  const double over = (balanced.latency / *best - 1) * 100;
  std::printf("budget distribution_latency_%zu_regions %.2f %.0f percent_over_optimum %s\n", sites.size(), over, limit,
              over <= limit ? "ok" : "short");
  std::printf("budget distribution_ahead_%zu_regions %.2f %u contacts %s\n", sites.size(), balanced.ahead,
              distribution::kBound, balanced.ahead <= distribution::kBound ? "ok" : "short");
  std::printf("budget distribution_fixed_%zu_regions %.3f 1 contacts %s\n", sites.size(), fixed.ahead,
              fixed.ahead < 1 ? "ok" : "short");
  std::fflush(stdout);
  return true;
}

void pace(Policy policy, const char* name) {
  const Day day = make_day(kFour, 200'000, 2);
  std::vector<const std::vector<double>*> calls;
  for (const auto& hour : day.hours) {
    for (const std::uint16_t metro : hour) calls.push_back(&day.latency[metro]);
  }
  double best = 0;
  std::size_t sum = 0;
  for (int round = 0; round < 5; ++round) {
    Balance balance;
    balance.weigh(shares_of(kFour));
    const auto start = std::chrono::steady_clock::now();
    for (int again = 0; again < 5; ++again) {
      for (const auto* latency : calls) sum += balance.choose({policy, distribution::kBound, *latency, {}}).region;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, 5 * static_cast<double>(calls.size()) / took.count());
  }
  std::printf("budget distribution_pace_%s %.0f 1000000 decisions/s %s\n", name, sum == 0 ? 0 : best,
              best >= 1e6 ? "ok" : "short");
}

void plot(const std::string& file, std::size_t calls) {
  const Day day = make_day(kFour, calls, 1);
  const Outcome balanced = live(day, kFour, by_policy(kFour, Policy::nearest_balanced));
  const Outcome random = live(day, kFour, weighted_random(kFour));
  const Outcome nearest = live(day, kFour, nearest_only());
  std::ofstream out(file);
  char text[256];
  const auto say = [&](auto... arguments) {
    std::snprintf(text, sizeof text, arguments...);
    out << text << '\n';
  };
  const auto x = [](std::size_t hour) { return 70 + static_cast<double>(hour) * 500 / 23; };
  const auto line = [&](const auto& y, const char* colour, const char* dash) {
    std::string path;
    for (std::size_t h = 0; h < 24; ++h) {
      std::snprintf(text, sizeof text, "%s%.1f,%.1f", h == 0 ? "M" : " L", x(h), y(h));
      path += text;
    }
    out << "<path d=\"" << path << "\" fill=\"none\" stroke=\"" << colour << "\" stroke-width=\"2\" " << dash << "/>\n";
  };
  say("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 780 640\" font-family=\"sans-serif\" font-size=\"13\">");
  say("<rect width=\"780\" height=\"640\" fill=\"white\"/>");
  say("<text x=\"70\" y=\"28\" font-size=\"15\">A day over four regions: share of each region, and mean "
      "latency</text>");
  const auto share_y = [](double share) { return 290 - share * 100 / 60 * 240; };
  for (int percent = 0; percent <= 60; percent += 10) {
    say("<line x1=\"70\" x2=\"570\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>", share_y(percent / 100.0),
        share_y(percent / 100.0));
    say("<text x=\"62\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>", share_y(percent / 100.0) + 4, percent);
  }
  const char* colours[] = {"#1f5fa8", "#c0392b", "#2e8b57", "#8e44ad"};
  double last = 1000;
  for (std::size_t i = 0; i < kFour.size(); ++i) {
    line([&](std::size_t h) { return share_y(balanced.share[h][i]); }, colours[i], "");
    line([&](std::size_t h) { return share_y(std::min(nearest.share[h][i], 0.6)); }, colours[i],
         "stroke-dasharray=\"2 4\" stroke-opacity=\"0.6\"");
    double at = share_y(balanced.share[23][i]) + 4;
    if (std::abs(at - last) < 15) at = last - 15;
    last = at;
    say("<text x=\"580\" y=\"%.1f\" fill=\"%s\">%s</text>", at, colours[i], kFour[i].region);
  }
  say("<text x=\"580\" y=\"290\" fill=\"#666\">dotted: nearest only</text>");
  double top = 0;
  for (const double each : random.hourly) top = std::max(top, each);
  top = std::ceil(top / 40) * 40;
  const auto ms_y = [&](double ms) { return 580 - ms / top * 240; };
  for (int n = 0; n <= 4; ++n) {
    say("<line x1=\"70\" x2=\"570\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>", ms_y(top * n / 4), ms_y(top * n / 4));
    say("<text x=\"62\" y=\"%.1f\" text-anchor=\"end\">%.0f ms</text>", ms_y(top * n / 4) + 4, top * n / 4);
  }
  struct Named {
    const Outcome* outcome;
    const char* colour;
    const char* name;
  };
  for (const Named& each :
       {Named{&random, "#c0392b", "weighted random"}, Named{&balanced, "#1f5fa8", "nearest-balanced"},
        Named{&nearest, "#2e8b57", "nearest only"}}) {
    line([&](std::size_t h) { return ms_y(each.outcome->hourly[h]); }, each.colour, "");
    say("<text x=\"580\" y=\"%.1f\" fill=\"%s\">%s</text>", ms_y(each.outcome->hourly[23]) + 4, each.colour, each.name);
  }
  for (std::size_t h = 0; h < 24; h += 3)
    say("<text x=\"%.1f\" y=\"604\" text-anchor=\"middle\">%zu:00</text>", x(h), h);
  say("<text x=\"320\" y=\"628\" text-anchor=\"middle\">UTC</text>");
  say("</svg>");
  std::printf("plot %s\n", file.c_str());
}

}  // namespace
}  // namespace tandem::bench

int main(int argc, char** argv) {
  using namespace tandem::bench;
  std::size_t calls = 100'000;
  std::string plot_file;
  for (int n = 1; n < argc; ++n) {
    const std::string word = argv[n];
    if (word == "--calls" && n + 1 < argc) {
      calls = static_cast<std::size_t>(std::max(1000, std::atoi(argv[++n])));
    } else if (word == "--plot" && n + 1 < argc) {
      plot_file = argv[++n];
    } else {
      std::fprintf(stderr, "usage: distribution [--calls N] [--plot FILE]\n");
      return 2;
    }
  }
  if (!plot_file.empty()) {
    plot(plot_file, calls);
    return 0;
  }
  if (!measure(kTwo, calls, 2) || !measure(kFour, calls, 5)) return 1;
  pace(tandem::distribution::Policy::fixed, "fixed");
  pace(tandem::distribution::Policy::nearest_balanced, "nearest_balanced");
  pace(tandem::distribution::Policy::least_wait, "least_wait");
  return 0;
}
