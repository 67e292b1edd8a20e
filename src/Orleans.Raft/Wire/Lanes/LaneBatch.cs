using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <summary>Head of a batch: between whom, and where it stands in the order of the lane.</summary>
/// <param name="ProtocolVersion">Version of everything in the batch; a receiver reads those up to <see cref="LaneCodec.ProtocolVersion"/>.</param>
/// <param name="ClusterIncarnation">Which birth of the cluster; batches of another one are refused (SAFETY-RULES A2).</param>
/// <param name="FromSilo">Stable name of the sending silo.</param>
/// <param name="FromStore">Id of the sender's data directory.</param>
/// <param name="FromOpenCounter">Which opening of it.</param>
/// <param name="ToStore">The addressee's data directory as the sender knows it; empty before its first answer.</param>
/// <param name="ToOpenCounter">Which opening of it; 0 before the first answer.</param>
/// <param name="Session">Grows when a call of the lane failed; older sessions are dropped.</param>
/// <param name="Sequence">Number of the batch within its session.</param>
internal readonly record struct LaneHeader(
    int ProtocolVersion,
    Guid ClusterIncarnation,
    string FromSilo,
    Guid FromStore,
    long FromOpenCounter,
    Guid ToStore,
    long ToOpenCounter,
    long Session,
    long Sequence)
{
    /// <summary>Network address of the sending silo as text: a way to answer before membership has told it (SAFETY-RULES B5).</summary>
    public string? FromAddress { get; init; }

    /// <summary>The sending process. A directory that was copied, or put back from an earlier copy, may have two processes of one opening (SAFETY-RULES A7).</summary>
    public Guid FromProcess { get; init; }
}

/// <summary>What an item is. Numbers are on the wire.</summary>
internal enum LaneItemKind
{
    /// <summary>A protocol message between two replicas.</summary>
    Message = 0,

    /// <summary>An entry's data, from a group client to the replica it takes for the leader.</summary>
    Propose = 1,

    /// <summary>Answers of applied commands, for a group client.</summary>
    Answers = 2,

    /// <summary>The replica does not lead, or not any more; says who does.</summary>
    Refusal = 3,

    /// <summary>A linearizable query.</summary>
    Read = 4,

    /// <summary>Answer to a query.</summary>
    ReadAnswer = 5,

    /// <summary>A part of a snapshot.</summary>
    SnapshotPart = 6,

    /// <summary>Answer to a part of a snapshot.</summary>
    SnapshotPartAnswer = 7,

    /// <summary>A leader says that its group is idle and sleeps.</summary>
    Sleep = 8,

    /// <summary>A replica says that it is awake.</summary>
    Wake = 9,
}

/// <summary>One message in a batch, with what names its two ends.</summary>
/// <param name="GroupName">Family name of the group.</param>
/// <param name="GroupIndex">Number of the group within its family.</param>
/// <param name="GroupIncarnation">Which birth of the group.</param>
/// <param name="From">Sending replica.</param>
/// <param name="To">Replica addressed.</param>
/// <param name="FromLife">Life of the sender.</param>
/// <param name="ToLife">Life of the addressee as the sender knows it; default when it doesn't.</param>
internal readonly record struct LaneItem(
    string GroupName,
    int GroupIndex,
    long GroupIncarnation,
    ReplicaId From,
    ReplicaId To,
    ReplicaLife FromLife,
    ReplicaLife ToLife)
{
    /// <summary>Message, or something between a group client and a replica; a client has no replica number.</summary>
    public LaneItemKind Kind { get; init; }

    /// <summary>Content of an item that is not a message, see <see cref="ClientCodec"/>; a slice of the batch when it was read.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The message, when the item is written.</summary>
    public Message? Message { get; init; }

    /// <summary>The message's bytes, when the item was read: a slice of the batch. They are decoded where the replica runs.</summary>
    public ReadOnlyMemory<byte> MessageBytes { get; init; }

    /// <summary>Decodes the message of an item that was read.</summary>
    /// <exception cref="WireFormatException">The bytes are no message, one that no peer may send, or one between other replicas.</exception>
    public Message ReadMessage()
    {
        var message = RaftCodec.ReadPeerMessage(MessageBytes);
        // A forwarded request keeps its first sender, so only the addressee must agree.
        if (message.To != To)
        {
            throw new WireFormatException($"LaneItem: {GroupName}/{GroupIndex}: the item is for replica {To}, its message for {message.To}.");
        }

        return message;
    }
}

/// <summary>A batch that was read.</summary>
/// <param name="Header">Between whom.</param>
/// <param name="Items">Messages, in the sender's order.</param>
internal sealed record LaneBatch(LaneHeader Header, LaneItem[] Items);
