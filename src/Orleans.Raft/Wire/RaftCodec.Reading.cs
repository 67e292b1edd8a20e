using System.Buffers.Binary;
using Orleans.Raft.Core;

namespace Orleans.Raft.Wire;

/// <content>Reading messages and snapshots.</content>
internal static partial class RaftCodec
{
    // An entry of etcd's takes six bytes, a response fourteen. Shorter ones would let two bytes of input cost a whole object.
    private const int MinResponseBytes = 4;

    /// <summary>
    /// Reads a message from another replica. Refuses what only the process itself may say: local kinds, responses to storage
    /// work, and the addresses of the local threads. A peer must not be able to start an election or to acknowledge a disk's work.
    /// </summary>
    /// <exception cref="WireFormatException">The bytes are no message, or one that no peer may send.</exception>
    public static Message ReadPeerMessage(ReadOnlyMemory<byte> input)
    {
        var message = ReadMessage(input, allowResponses: false);
        if (message.Type.IsLocal() || message.From.IsLocalThread || message.To.IsLocalThread)
        {
            throw new WireFormatException(
                $"Message: {message.Type} from {message.From} to {message.To} is local to a process; no peer may send it.");
        }

        return message;
    }

    /// <summary>Reads any message.</summary>
    /// <exception cref="WireFormatException">The bytes are no message.</exception>
    public static Message ReadMessage(ReadOnlyMemory<byte> input) => ReadMessage(input, allowResponses: true);

    /// <summary>Reads a snapshot; its data is a slice of the input.</summary>
    /// <exception cref="WireFormatException">The bytes are no snapshot.</exception>
    public static Snapshot ReadSnapshot(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "Snapshot");
        ReadOnlyMemory<byte> data = default;
        ReadOnlyMemory<byte>? metadata = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    data = reader.Bytes();
                    break;
                case 2:
                    Once(ref reader, ref metadata);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        var (id, confState) = ReadMetadata(metadata ?? default);
        return new Snapshot(id, confState, data);
    }

    private static (EntryId Id, ConfState ConfState) ReadMetadata(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "SnapshotMetadata");
        ReadOnlyMemory<byte>? confState = null;
        var index = 0L;
        var term = 0L;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    Once(ref reader, ref confState);
                    break;
                case 2:
                    index = reader.Number();
                    break;
                case 3:
                    term = reader.Number();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return (new EntryId(term, index), ReadConfState(confState ?? default));
    }

    private static Message ReadMessage(ReadOnlyMemory<byte> input, bool allowResponses)
    {
        var fields = default(MessageFields);
        var reader = new WireReader(input, "Message");
        while (reader.Next())
        {
            if (!ReadNumber(ref reader, ref fields))
            {
                ReadNested(ref reader, ref fields, allowResponses);
            }
        }

        return fields.ToMessage();
    }

    private static bool ReadNumber(ref WireReader reader, ref MessageFields fields)
    {
        switch (reader.Field)
        {
            case TypeField:
                fields.Type = (MessageType)reader.Number((int)MessageType.MsgForgetLeader);
                return true;
            case ToField:
                fields.To = reader.Number();
                return true;
            case FromField:
                fields.From = reader.Number();
                return true;
            case TermField:
                fields.Term = reader.Number();
                return true;
            case LogTermField:
                fields.LogTerm = reader.Number();
                return true;
            case IndexField:
                fields.Index = reader.Number();
                return true;
            case CommitField:
                fields.Commit = reader.Number();
                return true;
            case RejectField:
                fields.Reject = reader.Boolean();
                return true;
            case RejectHintField:
                fields.RejectHint = reader.Number();
                return true;
            case VoteField:
                fields.Vote = reader.Number();
                return true;
            case PromiseField:
                fields.Promise = reader.Number();
                return true;
            default:
                return false;
        }
    }

    private static void ReadNested(ref WireReader reader, ref MessageFields fields, bool allowResponses)
    {
        switch (reader.Field)
        {
            case EntriesField:
                // One array of the exact length: what is counted has at least two bytes of input each.
                fields.Entries ??= new Entry[1 + CountRest(reader, EntriesField)];
                fields.Entries[fields.EntryCount++] = ReadEntry(reader.Bytes());
                break;
            case SnapshotField:
                Once(ref reader, ref fields.Snapshot);
                break;
            case MessageContextField:
                ReadContext(ref reader, ref fields);
                break;
            case ResponsesField:
                ReadResponse(ref reader, ref fields, allowResponses);
                break;
            default:
                reader.Skip();
                break;
        }
    }

    private static int CountRest(WireReader reader, int field)
    {
        reader.Skip();
        return reader.Count(field);
    }

    private static void ReadResponse(ref WireReader reader, ref MessageFields fields, bool allowResponses)
    {
        var bytes = reader.Bytes();
        if (!allowResponses || bytes.Length < MinResponseBytes)
        {
            reader.Fail("no response here", "one");
        }

        // A response has no responses of its own, so the depth of nested messages is one.
        (fields.Responses ??= []).Add(ReadMessage(bytes, allowResponses: false));
    }

    private static void ReadContext(ref WireReader reader, ref MessageFields fields)
    {
        var context = reader.Bytes().Span;
        fields.IsCampaignTransfer = context.SequenceEqual(CampaignTransfer);
        fields.Context = context.Length == ContextBytes ? BinaryPrimitives.ReadInt64LittleEndian(context) : 0;
        if (context.Length is not (0 or ContextBytes) && !fields.IsCampaignTransfer)
        {
            reader.Fail("a context of eight bytes, or CampaignTransfer", $"{context.Length} bytes");
        }
    }

    // Protocol buffers would merge two halves of a nested value; no marshaller writes them, and nobody should guess which half is meant.
    private static void Once(ref WireReader reader, ref ReadOnlyMemory<byte>? value)
    {
        if (value is not null)
        {
            reader.Fail("one nested value", "a second one");
        }

        value = reader.Bytes();
    }

    /// <summary>A message while it is read: messages themselves cannot be changed.</summary>
    private struct MessageFields
    {
        public MessageType Type;
        public long From;
        public long To;
        public long Term;
        public long LogTerm;
        public long Index;
        public long Commit;
        public long Vote;
        public long RejectHint;
        public long Context;
        public long Promise;
        public bool Reject;
        public bool IsCampaignTransfer;
        public int EntryCount;
        public Entry[]? Entries;
        public ReadOnlyMemory<byte>? Snapshot;
        public List<Message>? Responses;

        public readonly Message ToMessage() => new()
        {
            Type = Type,
            From = new ReplicaId(From),
            To = new ReplicaId(To),
            Term = Term,
            LogTerm = LogTerm,
            Index = Index,
            Commit = Commit,
            Vote = new ReplicaId(Vote),
            RejectHint = RejectHint,
            Context = Context,
            Promise = TimeSpan.FromTicks(Promise),
            Reject = Reject,
            IsCampaignTransfer = IsCampaignTransfer,
            Entries = Entries ?? [],
            Snapshot = ReadSnapshotOrNone(Snapshot),
            Responses = Responses is null ? [] : Responses,
        };

        // Older versions of etcd write an empty snapshot into every message.
        private static Snapshot? ReadSnapshotOrNone(ReadOnlyMemory<byte>? bytes) =>
            bytes is { } value && ReadSnapshot(value) is { Id.Index: > 0 } snapshot ? snapshot : null;
    }
}
