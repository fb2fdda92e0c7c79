#include <opencv2/core/utility.hpp>

extern "C" void emtihan_threads(int n) { cv::setNumThreads(n); }
