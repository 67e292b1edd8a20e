using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>A lane with the limits that silos have, over a link that carries so many bytes a millisecond, one after the other, as a TCP connection does.</summary>
internal sealed class SlowLink : ILaneTransport, ILaneSink
{
    public const double LatencyMilliseconds = 2;

    /// <summary>Orleans ends a call to another silo that is not answered after this long, and keeps its bytes until then.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private readonly ManualClock _clock = new();
    private readonly ManualScheduler _scheduler = new();
    private readonly LaneHub _there;
    private readonly double _bytesPerMillisecond;
    private readonly Queue<Call> _calls = new();
    private readonly Dictionary<int, long> _bytesOf = [];
    private TimeSpan _isFree;
    private long _milliseconds;

    public SlowLink(double bytesPerMillisecond)
    {
        _bytesPerMillisecond = bytesPerMillisecond;
        Lane = new LaneSender("s2", Default(Lanes.Here, "s1"), this, _scheduler, _clock, Recorder);
        _there = new LaneHub(Default(Lanes.There, "s2"), this, _scheduler, _clock, Recorder, this);
        Run(100);
    }

    public LaneSender Lane { get; }

    public LaneRecorder Recorder { get; } = new();

    /// <summary>True: nothing arrives any more, and no connection breaks.</summary>
    public bool IsBlack { get; set; }

    /// <summary>Bytes of calls that wait for their end.</summary>
    public long CalledBytes { get; private set; }

    /// <summary>Bytes that arrived, of a group's frames.</summary>
    public long BytesOf(int group) => _bytesOf.GetValueOrDefault(group);

    public long Bytes => _bytesOf.Values.Sum();

    /// <summary>Lets time pass; what is to happen in a millisecond happens at its beginning.</summary>
    public void Run(int milliseconds, Action? each = null)
    {
        for (var i = 0; i < milliseconds; i++)
        {
            each?.Invoke();
            if (_milliseconds++ % 50 == 0)
            {
                Lane.OnTick();
                _there.OnTick();
            }

            _scheduler.Run();
            _clock.Advance(1);
            while (_calls.TryPeek(out var call) && call.EndsAt <= _clock.Now)
            {
                End(_calls.Dequeue());
                _scheduler.Run();
            }
        }
    }

    Task<LaneAck> ILaneTransport.SendAsync(string peer, byte[] batch)
    {
        _isFree = TimeSpan.FromTicks(Math.Max(_isFree.Ticks, _clock.Now.Ticks)) + TimeSpan.FromMilliseconds(batch.Length / _bytesPerMillisecond);
        var answer = new TaskCompletionSource<LaneAck>();
        _calls.Enqueue(new Call(batch, answer, IsBlack ? _clock.Now + CallTimeout : _isFree + TimeSpan.FromMilliseconds(LatencyMilliseconds), IsBlack));
        CalledBytes += batch.Length;
        return answer.Task;
    }

    void ILaneSink.Deliver(string peer, in LaneItem item) => _bytesOf[item.GroupIndex] = BytesOf(item.GroupIndex)
        + (item.Kind == LaneItemKind.Message ? item.ReadMessage().Entries.Sum(entry => entry.Data.Length) : item.Body.Length);

    void ILaneSink.Speaks(string peer, Guid process)
    {
        // One process for ever.
    }

    void ILaneSink.Refused(string peer, DropReason reason, string detail) => Recorder.Refusals.Add(reason);

    private static LaneSettings Default(StoreIdentity life, string name) => new()
    {
        Header = Lanes.Settings(life, name).Header,
        Deadline = TimeSpan.FromMilliseconds(500),
        BeatInterval = TimeSpan.FromMilliseconds(50),
    };

    private void End(Call call)
    {
        CalledBytes -= call.Batch.Length;
        if (call.IsLost)
        {
            call.Answer.SetException(new TimeoutException("no answer"));
        }
        else
        {
            call.Answer.SetResult(_there.Receive(call.Batch, out _));
        }
    }

    private sealed record Call(byte[] Batch, TaskCompletionSource<LaneAck> Answer, TimeSpan EndsAt, bool IsLost);
}
