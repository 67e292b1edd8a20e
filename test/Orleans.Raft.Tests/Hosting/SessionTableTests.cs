using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class SessionTableTests
{
    private readonly SessionTable _sessions = new();

    [Fact]
    public void A_command_is_new_once_and_then_a_repeat_with_the_same_answer()
    {
        _sessions.Register(10, Guid.NewGuid(), "s1");
        Assert.Equal(CommandVerdict.New, _sessions.Judge(10, 1, out _));
        _sessions.Answer(10, 1, new byte[] { 7 });
        Assert.Equal(CommandVerdict.Repeat, _sessions.Judge(10, 1, out var answer));
        Assert.Equal([7], answer.ToArray());
    }

    [Fact]
    public void What_is_below_the_low_water_mark_is_expired_and_never_new()
    {
        _sessions.Register(10, Guid.NewGuid(), "s1");
        _sessions.Answer(10, 1, default);
        _sessions.Answer(10, 3, default);
        _sessions.Advance(10, 3, 11);
        Assert.Equal(CommandVerdict.Expired, _sessions.Judge(10, 1, out _));
        Assert.Equal(CommandVerdict.Expired, _sessions.Judge(10, 2, out _));
        Assert.Equal(CommandVerdict.Repeat, _sessions.Judge(10, 3, out _));
        Assert.Equal(CommandVerdict.New, _sessions.Judge(10, 4, out _));
    }

    [Fact]
    public void The_low_water_mark_never_falls()
    {
        _sessions.Register(10, Guid.NewGuid(), "s1");
        _sessions.Advance(10, 1_000_000_000, 11);
        _sessions.Advance(10, 5, 12);
        Assert.Equal(CommandVerdict.Expired, _sessions.Judge(10, 999_999_999, out _));
    }

    [Fact]
    public void An_unknown_session_is_expired_and_never_taken_for_a_new_one() =>
        Assert.Equal(CommandVerdict.Expired, _sessions.Judge(99, 1, out _));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_saved_state_holds_its_sessions_and_their_answers(bool isStored)
    {
        var store = new MemoryStateStore();
        object machine = isStored ? new StoredSumMachine() : new SumMachine();
        var voters = ConfState.Of([new ReplicaId(1)]);
        var saved = ReplicaState.Of(machine, store, 1);
        saved.Load(1);
        saved.Sessions.Register(5, Guid.NewGuid(), "s1");
        saved.Sessions.Answer(5, 1, new byte[] { 7 });
        await saved.CommitAsync(new EntryId(1, 6), voters);
        Assert.True(await saved.SaveAsync(new EntryId(1, 6), voters));

        var loaded = ReplicaState.Of(machine, store, 1);
        loaded.Load(1);
        Assert.Equal(CommandVerdict.Repeat, loaded.Sessions.Judge(5, 1, out var answer));
        Assert.Equal([7], answer.ToArray());
    }

    [Fact]
    public void Beyond_the_limit_the_session_unused_for_longest_goes()
    {
        for (var index = 1; index <= SessionTable.MaxSessions; index++)
        {
            _sessions.Register(index, Guid.NewGuid(), "s");
        }

        _sessions.Advance(1, 2, 5_000);
        _sessions.Register(6_000, Guid.NewGuid(), "s");
        Assert.Equal(SessionTable.MaxSessions, _sessions.Count);
        Assert.Equal(CommandVerdict.New, _sessions.Judge(1, 2, out _));
        Assert.Equal(CommandVerdict.Expired, _sessions.Judge(2, 1, out _));
    }
}
