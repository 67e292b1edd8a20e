using Google.Protobuf;

namespace Orleans.Raft.Core;

internal static class KnowsWire
{
    public static IMessage? Message { get; }
}
