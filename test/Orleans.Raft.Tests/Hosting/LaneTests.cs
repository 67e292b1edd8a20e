using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class LaneTests
{
    private readonly ManualClock _clock = new();
    private readonly ManualScheduler _scheduler = new();
    private readonly HeldTransport _transport = new();
    private readonly LaneRecorder _sender = new();
    private readonly LaneRecorder _receiver = new();
    private readonly LaneSender _lane;
    private readonly LaneHub _there;

    public LaneTests()
    {
        _lane = new LaneSender("s2", Lanes.Settings(Lanes.Here, "s1"), _transport, _scheduler, _clock, _sender);
        _there = new LaneHub(Lanes.Settings(Lanes.There, "s2"), _transport, _scheduler, _clock, _receiver, _receiver);
    }

    [Fact]
    public void Nothing_is_sent_before_the_peer_has_said_which_life_it_is()
    {
        Assert.True(_lane.TrySend(Lanes.Frame(1)));
        _scheduler.Run();

        var greeting = LaneCodec.Read(Assert.Single(_transport.Held).Batch);
        Assert.Empty(greeting.Items);
        Assert.Equal(0, greeting.Header.ToOpenCounter);

        DeliverFirst();
        _scheduler.Run();
        DeliverFirst();
        Assert.Equal([1], _receiver.Delivered);
    }

    [Fact]
    public void Batches_that_arrive_in_any_order_are_delivered_in_the_sent_one()
    {
        Connect();
        SendOneBatchEach(1, 2, 3, 4);
        DeliverAt(3);
        DeliverAt(1);
        Assert.Empty(_receiver.Delivered);
        DeliverAt(0);
        DeliverAt(0);
        Assert.Equal([1, 2, 3, 4], _receiver.Delivered);
    }

    [Fact]
    public void A_gap_is_given_up_after_a_tick_and_what_fills_it_later_is_delivered_all_the_same()
    {
        Connect();
        SendOneBatchEach(1, 2, 3);
        var late = _transport.Take();
        DeliverAt(0);
        DeliverAt(0);
        Assert.Empty(_receiver.Delivered);

        _clock.Advance(60);
        _there.OnTick();
        Assert.Equal([2, 3], _receiver.Delivered);

        Deliver(late);
        Assert.Equal([2, 3, 1], _receiver.Delivered);
    }

    [Fact]
    public void A_batch_that_gets_no_answer_in_time_breaks_the_session_and_a_late_answer_changes_nothing()
    {
        Connect();
        SendOneBatchEach(1);
        var lost = _transport.Take();
        _clock.Advance(501);
        _lane.OnTick();
        _scheduler.Run();
        Assert.Contains("s2 unreachable", _sender.Events);

        _clock.Advance(51);
        _lane.OnTick();
        _scheduler.Run();
        var greeting = LaneCodec.Read(Assert.Single(_transport.Held).Batch);
        Assert.Empty(greeting.Items);

        lost.Answer.SetResult(Lanes.Ack(Lanes.There));
        Assert.True(_lane.PeerLife.IsDefault);
        DeliverFirst();
        Assert.Equal(Lanes.There, _lane.PeerLife);
    }

    [Fact]
    public void A_batch_of_an_old_session_is_refused_after_a_newer_one_spoke()
    {
        Connect();
        SendOneBatchEach(1);
        var old = _transport.Take();
        _clock.Advance(501);
        _lane.OnTick();
        _clock.Advance(51);
        _lane.OnTick();
        _scheduler.Run();
        DeliverFirst();

        _there.Receive(old.Batch, out _);
        Assert.Empty(_receiver.Delivered);
        Assert.Contains(DropReason.OldSession, _receiver.Refusals);
    }

    [Fact]
    public void Another_process_of_the_same_opening_is_told_apart_and_begins_a_session_of_its_own()
    {
        Connect();
        SendOneBatchEach(1);
        DeliverFirst();
        var copy = new Guid(9, 0, 0, new byte[8]);
        var first = LaneCodec.Encode(
            Lanes.Settings(Lanes.Here, "s1").Header with { FromProcess = copy, ToStore = Lanes.There.StoreId, ToOpenCounter = 7, Session = 1, Sequence = 1 }, [Lanes.Frame(5).Item]);
        Assert.True(_there.Receive(first, out var header).IsAccepted);
        Assert.Equal(copy, header.FromProcess);
        Assert.Equal([1, 5], _receiver.Delivered);
        Assert.Equal("s1 speaks 00000009", _receiver.Events[^1]);
    }

    [Fact]
    public void A_batch_for_an_earlier_life_of_the_receiver_is_not_delivered_and_the_new_life_is_learnt()
    {
        Connect();
        SendOneBatchEach(1);
        var again = Lanes.There with { OpenCounter = Lanes.There.OpenCounter + 1 };
        var restarted = new LaneHub(Lanes.Settings(again, "s2"), _transport, _scheduler, _clock, _receiver, _receiver);

        var (batch, answer) = _transport.Take();
        var ack = restarted.Receive(batch, out _);
        Assert.False(ack.IsAccepted);
        Assert.Empty(_receiver.Delivered);

        answer.SetResult(ack);
        Assert.True(_lane.PeerLife.IsDefault);
    }

    [Fact]
    public void An_answer_meant_for_the_peers_former_life_never_leaves_once_its_new_life_is_known()
    {
        Connect();
        var former = Lanes.There with { OpenCounter = Lanes.There.OpenCounter - 1 };
        _lane.TrySend(Lanes.Frame(1, toLife: former));
        _lane.TrySend(Lanes.Frame(2, toLife: Lanes.There));
        _scheduler.Run();
        DeliverFirst();
        Assert.Equal([2], _receiver.Delivered);
        Assert.Equal(1, _lane.Dropped);
    }

    [Fact]
    public void Control_goes_before_load_and_passes_when_the_window_is_full()
    {
        Connect();
        var accepted = 0;
        for (var i = 1; i <= 20; i++)
        {
            accepted += _lane.TrySend(Lanes.Frame(i, bytes: 1_000)) ? 1 : 0;
        }

        Assert.InRange(accepted, 1, 10);
        Assert.True(_lane.TrySend(Lanes.Frame(100)));
        _scheduler.Run();
        DeliverFirst();
        Assert.Equal(100, _receiver.Delivered[0]);
    }

    [Fact]
    public void A_frame_larger_than_the_window_passes_an_empty_lane()
    {
        Connect();
        Assert.True(_lane.TrySend(Lanes.Frame(1, bytes: 50_000)));
        Assert.False(_lane.TrySend(Lanes.Frame(2, bytes: 100)));
        _scheduler.Run();
        DeliverFirst();
        Assert.Equal([1], _receiver.Delivered);
        Assert.True(_lane.TrySend(Lanes.Frame(2, bytes: 100)));
    }

    [Fact]
    public void A_silent_peer_gets_one_greeting_at_a_time_and_costs_no_memory()
    {
        for (var tick = 0; tick < 2_000; tick++)
        {
            _clock.Advance(50);
            _lane.OnTick();
            _lane.TrySend(Lanes.Frame(tick, bytes: 5_000));
            _scheduler.Run();
        }

        // One call is outstanding for each deadline that has passed: Orleans ends them after its own time-out.
        Assert.InRange(_transport.Held.Count, 1, 2_000 * 50 / 500 + 1);
        Assert.Equal(0, _lane.WindowBytes);
        Assert.All(_transport.Held, held => Assert.InRange(held.Batch.Length, 1, 300));
    }

    [Fact]
    public void An_idle_lane_beats_once_a_tick()
    {
        Connect();
        for (var tick = 0; tick < 3; tick++)
        {
            _clock.Advance(50);
            _lane.OnTick();
            _scheduler.Run();
            DeliverFirst();
        }

        Assert.Empty(_transport.Held);
        Assert.Equal(4, _sender.Events.Count(e => e == "s2 reached 7"));
    }

    [Fact]
    public void A_peer_that_stops_says_so_with_its_answers_and_its_next_life_runs_again()
    {
        Connect();
        SendOneBatchEach(1, 2, 3);
        _transport.Take(1).Answer.SetResult(Lanes.Ack(Lanes.There, phase: SiloPhase.Stopping));
        Assert.Equal(SiloPhase.Stopping, _lane.PeerPhase);

        // An answer from before that comes late.
        _transport.Take(0).Answer.SetResult(Lanes.Ack(Lanes.There));
        Assert.Equal(SiloPhase.Stopping, _lane.PeerPhase);
        Assert.Null(_lane.SilentSince);

        var again = Lanes.There with { OpenCounter = Lanes.There.OpenCounter + 1 };
        _transport.Take(0).Answer.SetResult(Lanes.Ack(again, isAccepted: false));
        Assert.Equal(_clock.Now, _lane.SilentSince);
        _clock.Advance(51);
        _lane.OnTick();
        _scheduler.Run();
        _transport.Take(0).Answer.SetResult(Lanes.Ack(again));
        Assert.Equal(SiloPhase.Running, _lane.PeerPhase);
        Assert.Null(_lane.SilentSince);
    }

    private void Connect()
    {
        _lane.OnTick();
        _scheduler.Run();
        DeliverFirst();
    }

    private void SendOneBatchEach(params long[] indexes)
    {
        foreach (var index in indexes)
        {
            Assert.True(_lane.TrySend(Lanes.Frame(index)));
            _scheduler.Run();
        }
    }

    private void DeliverFirst() => DeliverAt(0);

    private void DeliverAt(int index) => Deliver(_transport.Take(index));

    private void Deliver((byte[] Batch, TaskCompletionSource<LaneAck> Answer) held)
    {
        held.Answer.SetResult(_there.Receive(held.Batch, out _));
        _scheduler.Run();
    }
}
