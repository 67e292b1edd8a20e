using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core;

/// <summary>
/// Three nodes in one thread as tightly as a host can drive them: asynchronous storage writes to memory, messages handed over directly and given back.
/// It allocates nothing itself, so what it measures is the core.
/// </summary>
internal sealed class CoreLoop
{
    private readonly RaftNode[] _nodes = new RaftNode[3];
    private readonly MemoryLogStorage[] _logs = new MemoryLogStorage[3];
    private readonly Queue<(int Owner, Message Message)> _work = new(1_024);

    public CoreLoop(Func<RaftConfig, RaftConfig> configure)
    {
        var conf = ConfState.Of([new ReplicaId(1), new ReplicaId(2), new ReplicaId(3)]);
        for (var i = 0; i < _nodes.Length; i++)
        {
            _logs[i] = new MemoryLogStorage(conf);
            var config = new RaftConfig
            {
                Id = new ReplicaId(i + 1),
                AsyncStorageWrites = true,
                MaxSizePerMessage = 1 << 20,
                MaxInflightMessages = 256,
                ElectionSeed = 1,
            };
            _nodes[i] = new RaftNode(configure(config), _logs[i]);
        }

        _nodes[0].Campaign(default);
        Settle();
    }

    public RaftNode Leader => _nodes[0];

    /// <summary>Entries applied by the leader.</summary>
    public long Applied { get; private set; }

    public void Commit(int batch, ReadOnlyMemory<byte> data)
    {
        for (var i = 0; i < batch; i++)
        {
            _nodes[0].Propose(data, default);
        }

        Settle();
    }

    /// <summary>Keeps the last entries only.</summary>
    public void Compact(int kept)
    {
        foreach (var log in _logs)
        {
            if (log.LastIndex - kept >= log.FirstIndex)
            {
                log.CompactTo(log.LastIndex - kept);
            }
        }
    }

    private void Settle()
    {
        do
        {
            for (var i = 0; i < _nodes.Length; i++)
            {
                TakeReady(i);
            }

            while (_work.TryDequeue(out var work))
            {
                Do(work.Owner, work.Message);
            }
        }
        while (_nodes[0].HasReady || _nodes[1].HasReady || _nodes[2].HasReady);
    }

    private void TakeReady(int i)
    {
        if (!_nodes[i].HasReady)
        {
            return;
        }

        var messages = _nodes[i].Ready().Messages;
        for (var m = 0; m < messages.Count; m++)
        {
            _work.Enqueue((i, messages[m]));
        }
    }

    private void Do(int owner, Message message)
    {
        if (message.To == ReplicaId.AppendThread)
        {
            _logs[owner].Append(message.Entries);
            if (message.Term != 0)
            {
                _logs[owner].SetHardState(new HardState(message.Term, message.Vote, message.Commit));
            }

            Respond(owner, message);
        }
        else if (message.To == ReplicaId.ApplyThread)
        {
            Applied += owner == 0 ? message.Entries.Count : 0;
            Respond(owner, message);
        }
        else
        {
            _nodes[message.To.Value - 1].Step(message, default);
            _nodes[owner].Recycle(message);
        }
    }

    private void Respond(int owner, Message message)
    {
        for (var r = 0; r < message.Responses.Count; r++)
        {
            _work.Enqueue((owner, message.Responses[r]));
        }

        _nodes[owner].Recycle(message);
    }
}
