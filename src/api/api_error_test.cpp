#include "api/api_error.h"

#include <gtest/gtest.h>

#include "answers/context_length.h"

namespace shoal {
namespace {

ApiError told(ErrorCode code, std::string message) {
  return to_request_error({code, std::move(message)}, "messages");
}

TEST(ApiError, WhatTheModelsNodeRefusesIsToldByItsField) {
  const ApiError too_long = to_request_error(too_long_prompt("90", 80), "messages");
  EXPECT_EQ(too_long.status, 400);
  EXPECT_EQ(too_long.param, "messages");
  EXPECT_EQ(too_long.code, "context_length_exceeded");
  EXPECT_EQ(told(ErrorCode::invalid_argument, "the prompt is empty").param, "messages");
  EXPECT_EQ(told(ErrorCode::invalid_argument, "prompt: token 5 is not there").param, "messages");
  EXPECT_EQ(told(ErrorCode::invalid_argument, "logit_bias: token 5 is not there").param, "logit_bias");
  EXPECT_EQ(told(ErrorCode::invalid_argument, "logit_bias: token 5 is not there").code, "invalid_argument");
  EXPECT_EQ(told(ErrorCode::invalid_argument, "model m: cannot be read").param, std::nullopt);
  EXPECT_EQ(told(ErrorCode::unavailable, "the prompt is lost").param, std::nullopt);
  const ApiError unknown = told(ErrorCode::not_found, "model x is not known");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.param, "model");
  EXPECT_EQ(unknown.code, "model_not_found");
}

}  // namespace
}  // namespace shoal
