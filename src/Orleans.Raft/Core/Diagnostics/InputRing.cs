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

    // What an idle node keeps: the end of its last story, which mostly is beats.
    private const int IdleSize = 4;

    // Grows to its size when it is used: most nodes sleep, and the ring would be the largest part of them.
    private (TimeSpan Now, Input Input)[] _ring = [];
    private int _start;
    private int _kept;

    public void Add(in Input input, TimeSpan now)
    {
        if (_kept == _ring.Length && _kept < Size)
        {
            Resize(_kept == 0 ? IdleSize : Size);
        }

        if (_kept < _ring.Length)
        {
            _kept++;
        }
        else
        {
            _start = (_start + 1) % _ring.Length;
        }

        ref var slot = ref _ring[(_start + _kept - 1) % _ring.Length];
        slot.Now = now;
        slot.Input = input;
    }

    /// <summary>The node will have no input for a while: only the last few are kept.</summary>
    public void Shrink()
    {
        if (_ring.Length > IdleSize)
        {
            Resize(IdleSize);
        }
    }

    public IReadOnlyList<string> Describe()
    {
        // Only when something broke, so here nothing needs to be cheap.
        var lines = new List<string>();
        for (var i = 0; i < _kept; i++)
        {
            var (now, input) = _ring[(_start + i) % _ring.Length];
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"at {now.TotalMilliseconds:0.###} ms: {input}"));
        }

        return lines;
    }

    // Keeps the latest, in order.
    private void Resize(int size)
    {
        var ring = new (TimeSpan, Input)[size];
        var kept = Math.Min(_kept, size);
        for (var i = 0; i < kept; i++)
        {
            ring[i] = _ring[(_start + _kept - kept + i) % _ring.Length];
        }

        (_ring, _start, _kept) = (ring, 0, kept);
    }
}
