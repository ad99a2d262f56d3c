// Writes and reads requests and tokens, which travel between ingress and head. Internal to net.
#pragma once

#include "net/wire_cluster.h"
#include "service/peer_messages.h"

namespace shoal {

void write(const SubmitRequest& request, wire::SubmitRequest& out);
void write(const RequestAccepted& accepted, wire::RequestAccepted& out);
void write(const TokenDelivery& delivery, wire::TokenDelivery& out);
void write(const ChoiceFinished& finished, wire::ChoiceFinished& out);

SubmitRequest read(const wire::SubmitRequest& in, WireChecks& checks);
RequestAccepted read(const wire::RequestAccepted& in, WireChecks& checks);
TokenDelivery read(const wire::TokenDelivery& in, WireChecks& checks);
ChoiceFinished read(const wire::ChoiceFinished& in, WireChecks& checks);

std::vector<TokenId> read_tokens(const google::protobuf::RepeatedField<int32_t>& in, std::string_view field,
                                 WireChecks& checks);

}  // namespace shoal
