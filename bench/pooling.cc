// How close several regions come to one pooled contact centre: the mean speed of answer of real nodes, 40 ms apart,
// beside one ideal queue and beside a centre for each region, all given the same calls and handle times.
//
// usage: pooling [--days N] [--plot FILE]
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "pooling/centre.h"

namespace {

using namespace tandem;
using namespace tandem::bench;

constexpr std::chrono::milliseconds kLink{40};  // one way

struct Day {
  double pooled = 0;
  double ideal = 0;
  double separate = 0;
  double elsewhere = 0;  // share of calls answered in another region
};

Day live(const Load& load, std::uint64_t seed) {
  const std::vector<Call> calls = calls_of(load, seed);
  Day out;
  out.ideal = ideal(load, calls, load.regions * load.agents);
  out.separate = separate(load, calls);
  PooledCentre centre(load, calls, kLink, seed);
  out.pooled = centre.speed_of_answer();
  out.elsewhere = static_cast<double>(centre.elsewhere()) / static_cast<double>(calls.size());
  return out;
}

std::vector<Day> live_all(const Load& load, std::size_t days) {
  std::vector<Day> out(days);
  std::vector<std::thread> threads;
  const std::size_t many = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t t = 0; t < many; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t n = t; n < days; n += many) out[n] = live(load, 1'000 + n);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return out;
}

double mean(const std::vector<Day>& days, double Day::* of) {
  double sum = 0;
  for (const Day& day : days) sum += day.*of;
  return sum / static_cast<double>(days.size());
}

// Two-sided 95 % of Student's t, by degrees of freedom from 1; beyond, the normal distribution's.
double student(std::size_t freedom) {
  constexpr std::array<double, 30> kTable = {12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                             2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                             2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return freedom <= kTable.size() ? kTable[freedom - 1] : 1.96;
}

// The ratio of two means over days that both lived through, and how far either side of it the 95 % go.
std::pair<double, double> ratio(const std::vector<Day>& days, double Day::* of, double Day::* to) {
  const double r = mean(days, of) / mean(days, to);
  double squares = 0;
  for (const Day& day : days) squares += std::pow(day.*of - r * (day.*to), 2);
  const auto n = static_cast<double>(days.size());
  const double error = std::sqrt(squares / (n - 1) / n) / mean(days, to);
  return {r, student(days.size() - 1) * error};
}

void measure(const Load& load, std::size_t days) {
  const std::vector<Day> lived = live_all(load, days);
  const auto [r, half] = ratio(lived, &Day::pooled, &Day::ideal);
  const auto [apart, apart_half] = ratio(lived, &Day::separate, &Day::pooled);
  std::printf("%zu regions of %zu agents, load %.2f, %zu days of %zu calls, mean handle time %.0f s, %lld ms one way\n",
              load.regions, load.agents, load.rate, days, load.calls, load.handle,
              static_cast<long long>(kLink.count()));
  std::printf("  mean speed of answer: %.2f s; one ideal queue %.2f s; a centre for each region %.2f s\n",
              mean(lived, &Day::pooled), mean(lived, &Day::ideal), mean(lived, &Day::separate));
  std::printf("  %.1f %% of the calls were answered in another region\n", 100 * mean(lived, &Day::elsewhere));
  std::printf("  to the ideal %.4f +- %.4f (95 %%); separate centres to it %.2f +- %.2f\n", r, half, apart, apart_half);
  const double upper = r + half;
  std::printf("budget pooling_%zu_regions %.4f 1.05 times_ideal %s\n", load.regions, upper,
              upper <= 1.05 ? "ok" : "short");
  std::fflush(stdout);
}

// Mean speed of answer by load: two regions, ideal, separate.
void plot(const std::string& file, std::size_t days) {
  const std::vector<double> rates = {0.80, 0.85, 0.90, 0.925, 0.95};
  std::vector<Day> points;
  double most = 0;
  for (const double rate : rates) {
    Load load;
    load.rate = rate;
    const std::vector<Day> lived = live_all(load, days);
    points.push_back({mean(lived, &Day::pooled), mean(lived, &Day::ideal), mean(lived, &Day::separate), 0});
    most = std::max(most, points.back().separate);
  }
  const double top = std::ceil(most / 5) * 5;
  const auto x = [&](double rate) { return 70 + (rate - rates.front()) / (rates.back() - rates.front()) * 500; };
  const auto y = [&](double seconds) { return 330 - seconds / top * 280; };
  std::ofstream out(file);
  char text[256];
  const auto say = [&](auto... arguments) {
    std::snprintf(text, sizeof text, arguments...);
    out << text << '\n';
  };
  say("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 400\" font-family=\"sans-serif\" font-size=\"13\">");
  say("<rect width=\"760\" height=\"400\" fill=\"white\"/>");
  say("<text x=\"70\" y=\"28\" font-size=\"15\">Mean speed of answer, two regions of 100 agents, 40 ms apart</text>");
  for (int n = 0; n <= 5; ++n) {
    const double seconds = top * n / 5;
    say("<line x1=\"70\" x2=\"570\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>", y(seconds), y(seconds));
    say("<text x=\"62\" y=\"%.1f\" text-anchor=\"end\">%.0f s</text>", y(seconds) + 4, seconds);
  }
  for (const double rate : rates) {
    say("<text x=\"%.1f\" y=\"350\" text-anchor=\"middle\">%g %%</text>", x(rate), rate * 100);
  }
  say("<text x=\"320\" y=\"378\" text-anchor=\"middle\">load: handling time asked for, of what the agents can "
      "do</text>");
  struct Line {
    double Day::* of;
    const char* colour;
    const char* name;
    double shift;
  };
  for (const Line& line :
       {Line{&Day::separate, "#c0392b", "a centre for each region", 0}, Line{&Day::pooled, "#1f5fa8", "Tandem", -8},
        Line{&Day::ideal, "#2e8b57", "one ideal queue", 10}}) {
    std::string path;
    for (std::size_t n = 0; n < rates.size(); ++n) {
      std::snprintf(text, sizeof text, "%s%.1f,%.1f", n == 0 ? "M" : " L", x(rates[n]), y(points[n].*line.of));
      path += text;
      say("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>", x(rates[n]), y(points[n].*line.of), line.colour);
    }
    out << "<path d=\"" << path << "\" fill=\"none\" stroke=\"" << line.colour << "\" stroke-width=\"2\""
        << (line.of == &Day::ideal ? " stroke-dasharray=\"6 4\"" : "") << "/>\n";
    say("<text x=\"580\" y=\"%.1f\" fill=\"%s\">%s</text>", y(points.back().*line.of) + line.shift + 4, line.colour,
        line.name);
  }
  say("</svg>");
  std::printf("plot %s\n", file.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t days = 16;
  std::string plot_file;
  for (int n = 1; n < argc; ++n) {
    const std::string word = argv[n];
    if (word == "--days" && n + 1 < argc) {
      days = static_cast<std::size_t>(std::max(2, std::atoi(argv[++n])));
    } else if (word == "--plot" && n + 1 < argc) {
      plot_file = argv[++n];
    } else {
      std::fprintf(stderr, "usage: pooling [--days N] [--plot FILE]\n");
      return 2;
    }
  }
  if (!plot_file.empty()) {
    plot(plot_file, std::max<std::size_t>(days / 3, 2));
    return 0;
  }
  Load two;
  measure(two, days);
  Load four;
  four.regions = 4;
  four.calls = 12'000;
  four.warm_up = 3'000;
  measure(four, days / 2 + 1);
  return 0;
}
