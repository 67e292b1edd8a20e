using Orleans.Raft.Core;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Wire;

/// <summary>Bytes of etcd's own marshaller, in both directions; see Golden/README.md.</summary>
public sealed class GoldenTests
{
    private const string EmptySnapshotOf34 = "4a0a12080a02280010001800";

    private static readonly ConfState Joint = new()
    {
        Voters = [new(1), new(2), new(300)],
        Learners = [new(7)],
        VotersOutgoing = [new(1), new(2), new(3)],
        LearnersNext = [new(3)],
        AutoLeave = true,
    };

    private static readonly Snapshot State = new(new EntryId(89, 1234567), Joint, "state"u8.ToArray());

    private static readonly Dictionary<string, object> Cases = new()
    {
        ["entry-zero"] = new Entry(0, 0, EntryType.EntryNormal, default),
        ["entry-normal"] = new Entry(5, 300, EntryType.EntryNormal, "hello"u8.ToArray()),
        ["entry-largest"] = new Entry(long.MaxValue, long.MaxValue, EntryType.EntryConfChangeV2, Repeat('x', 200)),
        ["hardstate-zero"] = default(HardState),
        ["hardstate"] = new HardState(128, new(3), 16384),
        ["confstate-zero"] = ConfState.Empty,
        ["confstate-joint"] = Joint,
        ["snapshot-zero"] = new Snapshot(default, ConfState.Empty, default),
        ["snapshot"] = State,
        ["confchange"] = new ConfChange(ConfChangeType.AddLearnerNode, new(9), "where"u8.ToArray()),
        ["confchange-with-id"] = new ConfChange(ConfChangeType.RemoveNode, new(2), default),
        ["confchangev2-leave"] = new ConfChangeV2(),
        ["confchangev2"] = new ConfChangeV2
        {
            Transition = ConfChangeTransition.JointExplicit,
            Changes = [new(ConfChangeType.AddNode, new(4)), new(ConfChangeType.RemoveNode, new(1)), new(ConfChangeType.UpdateNode, new(500))],
            Context = new byte[] { 1, 2 },
        },
        ["message-zero"] = new Message(),
        ["message-app"] = new Message
        {
            Type = MessageType.MsgApp,
            From = new(1),
            To = new(2),
            Term = 3,
            LogTerm = 2,
            Index = 99,
            Commit = 98,
            Entries =
            [
                new Entry(3, 100, EntryType.EntryNormal, "a"u8.ToArray()),
                new Entry(3, 101, EntryType.EntryConfChange, default),
                new Entry(3, 102, EntryType.EntryNormal, Repeat('b', 130)),
            ],
        },
        ["message-appresp-reject"] = new Message
        {
            Type = MessageType.MsgAppResp, From = new(2), To = new(1), Term = 3, LogTerm = 2, Index = 99, Reject = true, RejectHint = 55,
        },
        ["message-vote-transfer"] = new Message
        {
            Type = MessageType.MsgVote, From = new(2), To = new(1), Term = 4, LogTerm = 3, Index = 120, IsCampaignTransfer = true,
        },
        ["message-heartbeat-read"] = new Message
        {
            Type = MessageType.MsgHeartbeat, From = new(1), To = new(3), Term = 4, Commit = 7, Context = unchecked((long)0x8807060504030201),
        },
        ["message-snap"] = new Message { Type = MessageType.MsgSnap, From = new(1), To = new(3), Term = 4, Snapshot = State },
        ["message-largest"] = new Message
        {
            Type = MessageType.MsgPreVoteResp,
            From = new(long.MaxValue),
            To = new(long.MaxValue),
            Term = long.MaxValue,
            LogTerm = long.MaxValue,
            Index = long.MaxValue,
            Commit = long.MaxValue,
            RejectHint = long.MaxValue,
            Reject = true,
        },
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Fact]
    public void Every_golden_value_has_a_case() =>
        Assert.Equal(Cases.Keys.Order(), Read("raftpb.txt").Keys.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void What_etcd_wrote_is_read_as_the_same_value(string name) =>
        Assert.Equal(Text(Cases[name]), Text(Decode(name, Convert.FromHexString(Read("raftpb.txt")[name]))));

    [Theory]
    [MemberData(nameof(Names))]
    public void Our_bytes_are_those_of_etcd(string name)
    {
        var golden = Read("raftpb.txt")[name];
        var expected = name switch
        {
            "confchange-with-id" => golden.Replace("084d", "0800", StringComparison.Ordinal),
            "message-snap" => golden,
            _ when name.StartsWith("message", StringComparison.Ordinal) => golden.Replace(EmptySnapshotOf34, "", StringComparison.Ordinal),
            _ => golden,
        };
        Assert.Equal(expected, Convert.ToHexStringLower(Encode(Cases[name])));
    }

    [Fact]
    public void What_we_wrote_passes_through_etcd_unchanged()
    {
        var ours = OwnCases().ToDictionary(pair => pair.Key, pair => Convert.ToHexStringLower(Encode(pair.Value)));
        if (Environment.GetEnvironmentVariable("ORLEANS_RAFT_WRITE_GOLDEN") is { Length: > 0 } path)
        {
            File.WriteAllLines(path, ours.Select(pair => $"{pair.Key} {pair.Value}"));
        }

        Assert.Equal(ours, Read("ours.txt"));
        var through = Read("ours-through-etcd.txt");
        Assert.Equal(ours.Keys.Order(), through.Keys.Order());
        foreach (var (name, value) in OwnCases())
        {
            Assert.Equal(Text(value), Text(Decode(name, Convert.FromHexString(through[name]))));
        }
    }

    private static IEnumerable<KeyValuePair<string, object>> OwnCases() =>
        Cases.Append(new("message-storage-append", new Message
        {
            Type = MessageType.MsgStorageAppend,
            From = new(1),
            To = ReplicaId.AppendThread,
            Term = 7,
            Vote = new(2),
            Commit = 11,
            Entries = [new Entry(7, 12, EntryType.EntryNormal, "new"u8.ToArray())],
            Responses = [new Message { Type = MessageType.MsgAppResp, From = new(1), To = new(2), Term = 7, Index = 12 }],
        }));

    private static Dictionary<string, string> Read(string file) =>
        File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Wire", "Golden", file))
            .Select(line => line.Split(' '))
            .ToDictionary(parts => parts[0], parts => parts[1]);

    private static byte[] Encode(object value)
    {
        var bytes = new byte[4096];
        var length = value switch
        {
            Entry entry => RaftCodec.Write(entry, bytes),
            HardState state => RaftCodec.Write(state, bytes),
            ConfState state => RaftCodec.Write(state, bytes),
            Snapshot snapshot => RaftCodec.Write(snapshot, bytes),
            Message message => RaftCodec.Write(message, bytes),
            _ => 0,
        };
        return value switch
        {
            ConfChange change => RaftCodec.Encode(change),
            ConfChangeV2 change => RaftCodec.Encode(change),
            _ => bytes[..length],
        };
    }

    private static object Decode(string name, byte[] bytes) => name.Split('-')[0] switch
    {
        "entry" => RaftCodec.ReadEntry(bytes),
        "hardstate" => RaftCodec.ReadHardState(bytes),
        "confstate" => RaftCodec.ReadConfState(bytes),
        "snapshot" => RaftCodec.ReadSnapshot(bytes),
        "confchange" => RaftCodec.ReadConfChange(bytes),
        "confchangev2" => RaftCodec.ReadConfChangeV2(bytes),
        _ => RaftCodec.ReadMessage(bytes),
    };

    private static string Text(object value) => value switch
    {
        Entry entry => WireText.Of(entry),
        ConfChange change => WireText.Of(change),
        ConfChangeV2 change => WireText.Of(change),
        Snapshot snapshot => WireText.Of(snapshot),
        Message message => WireText.Of(message),
        _ => value.ToString()!,
    };

    private static byte[] Repeat(char letter, int count) => [.. Enumerable.Repeat((byte)letter, count)];
}
