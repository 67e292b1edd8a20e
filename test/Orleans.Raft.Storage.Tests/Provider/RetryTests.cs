using Orleans.Raft.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>Commands that come a second time, with the sessions that a replica asks first (SAFETY-RULES A3).</summary>
public sealed class RetryTests
{
    private const long Session = 1;
    private static readonly RaftGroupId Group = new("raft", 0);
    private static readonly byte[] Key = RecordKey.Create(GrainId.Create("cart", "1"), "s");

    private readonly LocalGroup _group = new(LocalGroup.Single);
    private readonly SessionTable _sessions = new();
    private long _index = Session;

    public RetryTests() => _sessions.Register(Session, Guid.NewGuid(), "s1");

    [Fact]
    public void A_create_that_arrives_again_after_the_delete_brings_nothing_back()
    {
        var create = Command(GrainCommandKind.Write, Expectation.Absent, 1);
        var written = Send(1, 1, create);
        Assert.Equal(GrainVerdict.Written, written!.Value.Verdict);
        var delete = Command(GrainCommandKind.Delete, Expectation.Exactly(written.Value.Record!.Value.Version), 2);
        Assert.Equal(GrainVerdict.Cleared, Send(2, 2, delete)!.Value.Verdict);

        // The paused leader's copy of the first command: the client has had its answer, so its number is below the low-water mark.
        Assert.Null(Send(1, 2, create));
        Assert.Null(Stored());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_clear_or_delete_that_is_repeated_is_answered_as_the_first_time_and_is_no_conflict(bool deletes)
    {
        var kind = deletes ? GrainCommandKind.Delete : GrainCommandKind.Clear;
        var written = Send(1, 1, Command(GrainCommandKind.Write, Expectation.Absent, 1))!.Value.Record!.Value.Version;
        var clear = Command(kind, Expectation.Exactly(written), 2);
        var first = Send(2, 1, clear)!.Value;
        var stored = Stored();
        var second = Send(2, 1, clear)!.Value;
        Assert.Equal(GrainVerdict.Cleared, first.Verdict);
        Assert.Equal(first.Encode(), second.Encode());
        Assert.Equal(stored?.Version, Stored()?.Version);
    }

    private static byte[] Command(GrainCommandKind kind, Expectation expectation, ulong operation)
    {
        byte[] payload = kind is GrainCommandKind.Write ? [1, 2, 3] : [];
        return new GrainCommand(
            kind, 0, 1, new OperationId(7, operation), expectation, Key, payload.Length == 0 ? 0 : GrainCommand.ChecksumOf(payload), payload).Encode();
    }

    // As a replica applies it; null when the group says that it has forgotten the command.
    private GrainAnswer? Send(long sequence, long lowWater, byte[] command)
    {
        _index++;
        var verdict = _sessions.Judge(Session, sequence, out var answer);
        if (verdict == CommandVerdict.New)
        {
            answer = _group.ApplyAlone(new CommandPosition(1, _index, 0), command);
            _sessions.Answer(Session, sequence, answer);
        }

        _sessions.Advance(Session, lowWater, _index);
        return verdict == CommandVerdict.Expired ? null : GrainAnswer.Decode(Group, answer);
    }

    private GrainRecord? Stored() => GrainAnswer.Decode(Group, _group.Query(GrainQuery.Get(0, 1, Key).Encode())).Record;
}
