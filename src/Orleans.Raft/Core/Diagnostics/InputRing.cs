using System;
using System.Collections.Generic;
using System.Globalization;

namespace Orleans.Raft.Core;

/// <summary>The fields of an input that tell its story. Values, so that keeping them costs no allocation and no message is held on to.</summary>
internal readonly record struct Input(
    string? Verb, MessageType Type, ReplicaId From, long Term, EntryId Log, long Commit, bool Reject, long Number, int EntryCount)
{
    public static Input Of(string verb, long number = 0) => new(verb, default, default, 0, default, 0, false, number, 0);

    public static Input Of(Message message) => new(
        null,
        message.Type,
        message.From,
        message.Term,
        new EntryId(message.LogTerm, message.Index),
        message.Commit,
        message.Reject,
        message.Reject ? message.RejectHint : message.Context,
        message.Entries.Count);

    public override string ToString() => Verb is not null
        ? string.Create(CultureInfo.InvariantCulture, $"{Verb} {Number}")
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{Type} from {From} Term:{Term} Log:{Log} Commit:{Commit} Reject:{Reject} Context/Hint:{Number} Entries:{EntryCount}");
}

/// <summary>The last inputs of a node: evidence when it faults.</summary>
/// <remarks>
/// A broken invariant is mostly the end of a short story: the message that broke it, and a few before it that brought the node where it was. A process holds
/// thousands of nodes, so the ring is small, holds values only, and is written without asking whether anybody will ever read it.
/// </remarks>
internal sealed class InputRing
{
    // Two rounds of a five-replica group with heartbeats, appends and answers, and the tick before them.
    private const int Size = 32;

    private readonly (TimeSpan Now, Input Input)[] _ring = new (TimeSpan, Input)[Size];
    private long _count;

    public void Add(in Input input, TimeSpan now)
    {
        ref var slot = ref _ring[(int)(_count++ % Size)];
        slot.Now = now;
        slot.Input = input;
    }

    public IReadOnlyList<string> Describe()
    {
        // Only when something broke, so here nothing needs to be cheap.
        var lines = new List<string>();
        for (var i = Math.Max(0, _count - Size); i < _count; i++)
        {
            var (now, input) = _ring[i % Size];
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"at {now.TotalMilliseconds:0.###} ms: {input}"));
        }

        return lines;
    }
}
