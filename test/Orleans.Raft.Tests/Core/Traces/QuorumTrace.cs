using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>The grammar of <c>quorum/</c>: arithmetic of majorities and joint majorities.</summary>
internal sealed class QuorumTrace : ITraceMachine
{
    // The text of a trace is its bytes, one char a byte.
    private static readonly string Infinity = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("∞"));

    public string Run(TraceBlock block)
    {
        var command = block.Command;
        var (first, second) = (Config(command, "cfg"), Config(command, "cfgj"));
        var isJoint = command.Values("cfgj") is not null;
        var output = new TraceOutput();
        var facts = Facts(command, first, second, command.Name == "vote" ? "votes" : "idx");
        if (facts is null)
        {
            output.Fail();
        }
        else if (command.Name == "committed")
        {
            var known = facts.Where(fact => fact.Value != "_").ToDictionary(fact => fact.Key, fact => TraceCommand.Number(fact.Value));
            Committed(new JointConfig(first, second), isJoint, known, output);
        }
        else if (command.Name == "vote")
        {
            var votes = facts.Where(fact => fact.Value != "_").ToDictionary(fact => fact.Key, fact => fact.Value is "y" or "Y");
            Vote(new JointConfig(first, second), isJoint, votes, output);
        }
        else
        {
            throw new FormatException($"line {block.Line}: unknown command {command.Name}");
        }

        return output.Take();
    }

    private static MajorityConfig Config(TraceCommand command, string key) =>
        new([.. (command.Values(key) ?? []).Where(id => id != "zero").Select(TraceCommand.Number).Order().Distinct().Select(id => new ReplicaId(id))]);

    /// <summary>What is given for the ids of both halves in the order in which the line names them, each once; null when the number differs.</summary>
    private static Dictionary<ReplicaId, string>? Facts(TraceCommand command, MajorityConfig first, MajorityConfig second, string key)
    {
        var ids = new[] { "cfg", "cfgj" }.SelectMany(half => command.Values(half) ?? []).Where(id => id != "zero")
            .Select(id => new ReplicaId(TraceCommand.Number(id))).Distinct().ToList();
        var values = command.Values(key) ?? [];
        return values.Length != ids.Count ? null : ids.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static void Committed(JointConfig config, bool isJoint, Dictionary<ReplicaId, long> known, TraceOutput output)
    {
        var result = config.CommittedIndex(new Indexes(known));
        output.Line(result == MajorityConfig.Unbounded ? Infinity : $"{result}");
        if (isJoint)
        {
            Expect(output, "halves swapped", result, new JointConfig(config.Outgoing, config.Incoming).CommittedIndex(new Indexes(known)));
            return;
        }

        Expect(output, "joint with nobody", result, config.CommittedIndex(new Indexes(known)));
        Expect(output, "alone", result, config.Incoming.CommittedIndex(new Indexes(known)));
        Expect(output, "joint with itself", result, new JointConfig(config.Incoming, config.Incoming).CommittedIndex(new Indexes(known)));
        foreach (var (id, index) in known.Where(fact => fact.Value < result))
        {
            foreach (var lower in new[] { Math.Max(0, index - 1), 0 })
            {
                var lowered = new Dictionary<ReplicaId, long>(known) { [id] = lower };
                Expect(output, $"{id} lowered to {lower}", result, config.CommittedIndex(new Indexes(lowered)));
            }
        }
    }

    private static void Vote(JointConfig config, bool isJoint, Dictionary<ReplicaId, bool> votes, TraceOutput output)
    {
        var result = config.VoteResult(new Votes(votes));
        output.Line($"Vote{result}");
        if (isJoint)
        {
            Expect(output, "halves swapped", result, new JointConfig(config.Outgoing, config.Incoming).VoteResult(new Votes(votes)));
            return;
        }

        Expect(output, "alone", result, config.Incoming.VoteResult(new Votes(votes)));
        Expect(output, "joint with itself", result, new JointConfig(config.Incoming, config.Incoming).VoteResult(new Votes(votes)));
    }

    private static void Expect<T>(TraceOutput output, string how, T expected, T actual)
    {
        if (!Equals(expected, actual))
        {
            output.Line($"{how}: {actual}");
        }
    }

    private readonly struct Indexes(Dictionary<ReplicaId, long> known) : IReplicaIndex
    {
        public long IndexOf(ReplicaId id) => known.GetValueOrDefault(id);
    }

    private readonly struct Votes(Dictionary<ReplicaId, bool> votes) : IReplicaVotes
    {
        public bool? VoteOf(ReplicaId id) => votes.TryGetValue(id, out var vote) ? vote : null;
    }
}
