using System.Collections.Immutable;
using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>Operations of a configuration change as traces write them: <c>v3 l4 r2 u5</c>.</summary>
internal static class TraceOperations
{
    public static ImmutableArray<ConfChangeSingle> Parse(IEnumerable<string> input) =>
        [.. input.SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Select(Parse)];

    private static ConfChangeSingle Parse(string text)
    {
        if (!long.TryParse(text.AsSpan(1), out var id) || id < 0)
        {
            throw new TraceCommandException($"operation {text}");
        }

        return text[0] switch
        {
            'v' => new ConfChangeSingle(ConfChangeType.AddNode, new ReplicaId(id)),
            'l' => new ConfChangeSingle(ConfChangeType.AddLearnerNode, new ReplicaId(id)),
            'r' => new ConfChangeSingle(ConfChangeType.RemoveNode, new ReplicaId(id)),
            'u' => new ConfChangeSingle(ConfChangeType.UpdateNode, new ReplicaId(id)),
            _ => throw new TraceCommandException($"operation {text}"),
        };
    }
}
