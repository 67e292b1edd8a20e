using System.Collections.Immutable;
using CsCheck;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Tests.Wire;

/// <summary>Random values of everything that goes over the wire.</summary>
internal static class WireGen
{
    // Every length of a variable-length number is likely, and so are its edges.
    public static readonly Gen<long> Number = Gen.Select(Gen.Int[0, 63], Gen.Long[0, long.MaxValue]).Select((bits, value) => bits == 63 ? value : value & ((1L << bits) - 1));

    public static readonly Gen<ReplicaId> Replica = Number.Select(value => new ReplicaId(value));

    public static readonly Gen<ReadOnlyMemory<byte>> Bytes = Gen.OneOf(
        Gen.Const(ReadOnlyMemory<byte>.Empty),
        Gen.Byte.Array[1, 20].Select(bytes => new ReadOnlyMemory<byte>(bytes)),
        Gen.Byte.Array[100, 300].Select(bytes => new ReadOnlyMemory<byte>(bytes)));

    public static readonly Gen<Entry> Entry = Gen.Select(Number, Number, Gen.Int[0, 2], Bytes)
        .Select((term, index, type, data) => new Entry(term, index, (EntryType)type, data));

    public static readonly Gen<HardState> HardState = Gen.Select(Number, Replica, Number).Select((term, vote, commit) => new HardState(term, vote, commit));

    private static readonly Gen<ImmutableArray<ReplicaId>> Replicas = Replica.Array[0, 5].Select(ImmutableArray.Create);

    public static readonly Gen<ConfState> ConfState = Gen.Select(Replicas, Replicas, Replicas, Replicas, Gen.Bool)
        .Select((voters, learners, outgoing, next, leave) => new ConfState
        {
            Voters = voters,
            Learners = learners,
            VotersOutgoing = outgoing,
            LearnersNext = next,
            AutoLeave = leave,
        });

    public static readonly Gen<Snapshot> Snapshot = Gen.Select(Number, Gen.Long[1, long.MaxValue], ConfState, Bytes)
        .Select((term, index, conf, data) => new Snapshot(new EntryId(term, index), conf, data));

    public static readonly Gen<ConfChange> ConfChange = Gen.Select(Gen.Int[0, 3], Replica, Bytes)
        .Select((type, replica, context) => new ConfChange((ConfChangeType)type, replica, context));

    public static readonly Gen<ConfChangeV2> ConfChangeV2 = Gen.Select(
            Gen.Int[0, 2],
            Gen.Select(Gen.Int[0, 3], Replica).Select((type, replica) => new ConfChangeSingle((ConfChangeType)type, replica)).Array[0, 6],
            Bytes)
        .Select((transition, changes, context) => new ConfChangeV2
        {
            Transition = (ConfChangeTransition)transition,
            Changes = ImmutableArray.Create(changes),
            Context = context,
        });

    private static readonly Gen<Message> Flat = Gen.Select(
            Gen.Select(Gen.Int[0, 23], Replica, Replica, Number, Number, Number),
            Gen.Select(Number, Replica, Gen.Bool, Number, Gen.Int[0, 2], Gen.Long, Gen.OneOf(Gen.Const(0L), Number)),
            Entry.Array[0, 4],
            Gen.OneOf(Gen.Const((Snapshot?)null), Snapshot.Select(snapshot => (Snapshot?)snapshot)))
        .Select((head, tail, entries, snapshot) => new Message
        {
            Type = (MessageType)head.Item1,
            From = head.Item2,
            To = head.Item3,
            Term = head.Item4,
            LogTerm = head.Item5,
            Index = head.Item6,
            Commit = tail.Item1,
            Vote = tail.Item2,
            Reject = tail.Item3,
            RejectHint = tail.Item4,
            IsCampaignTransfer = tail.Item5 == 0,
            Context = tail.Item5 == 1 ? tail.Item6 : 0,
            Promise = TimeSpan.FromTicks(tail.Item7),
            Entries = entries,
            Snapshot = snapshot,
        });

    public static readonly Gen<Message> Message = Gen.Select(Flat, Flat.Array[0, 2]).Select((message, responses) => new Message
    {
        Type = message.Type,
        From = message.From,
        To = message.To,
        Term = message.Term,
        LogTerm = message.LogTerm,
        Index = message.Index,
        Commit = message.Commit,
        Vote = message.Vote,
        Reject = message.Reject,
        RejectHint = message.RejectHint,
        IsCampaignTransfer = message.IsCampaignTransfer,
        Context = message.Context,
        Promise = message.Promise,
        Entries = message.Entries,
        Snapshot = message.Snapshot,
        Responses = responses,
    });

    public static readonly Gen<LaneHeader> LaneHeader = Gen.Select(
            Gen.Select(Gen.Guid, Gen.String[0, 20], Gen.Guid, Number),
            Gen.Select(Gen.Bool, Gen.Guid, Gen.Long[1, 100], Number, Number))
        .Select((from, to) => new LaneHeader(
            LaneCodec.ProtocolVersion, from.Item1, Valid(from.Item2), from.Item3, from.Item4, to.Item1 ? to.Item2 : default, to.Item1 ? to.Item3 : 0, to.Item4, to.Item5));

    /// <summary>Items whose lives are unknown, those of the header's stores, or others.</summary>
    public static Gen<LaneItem> LaneItem(LaneHeader header) => Gen.Select(
            Gen.Select(Gen.Int[0, 2].Select(number => new[] { "orders", "grains", "ß" }[number]), Gen.Int[0, int.MaxValue], Number, Replica, Replica),
            Life(header.FromStore, header.FromOpenCounter),
            Life(header.ToStore, header.ToOpenCounter),
            Message)
        .Select((ends, from, to, message) => new LaneItem(ends.Item1, ends.Item2, ends.Item3, ends.Item4, ends.Item5, from, to) { Message = message });

    public static readonly Gen<Command> Command = Gen.Select(Number, Number, Number, Bytes)
        .Select((session, sequence, low, payload) => new Command(session, sequence, low, payload));

    private static Gen<ReplicaLife> Life(Guid store, long openCounter) => Gen.Select(Gen.Int[0, 2], Gen.Guid, Number, Number)
        .Select((kind, other, counter, activation) => kind switch
        {
            0 when store != default => new ReplicaLife(store, openCounter, activation),
            1 => new ReplicaLife(other, counter, activation),
            _ => default,
        });

    // Half of a surrogate pair is no text.
    private static string Valid(string text) => new([.. text.Where(c => !char.IsSurrogate(c))]);
}
