using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <summary>
/// Messages of one node that its host has given back. Bounded in number, and no message keeps room for more entries than a usual burst has: a process
/// holds thousands of nodes.
/// </summary>
internal sealed class MessagePool
{
    // What a node has under way to six peers at a time with room to spare; what is beyond is garbage, as it would be without a pool.
    private const int MaxIdle = 64;

    private readonly Stack<Message> _idle = [];

    /// <summary>An empty message.</summary>
    public Message Rent()
    {
        if (!_idle.TryPop(out var message))
        {
            return new Message();
        }

        Invariant.Holds(message.IsInPool, $"a message in the pool is used: {message}");
        Invariant.Holds(message.Entries.Count == 0 && message.Snapshot is null, $"a message was filled after it was given back: {message}");
        message.IsInPool = false;
        return message;
    }

    /// <summary>Takes a message back. Twice the same is once: else two would be given the same one.</summary>
    public void Return(Message message)
    {
        if (!message.IsInPool && _idle.Count < MaxIdle)
        {
            // Cleared now, not when it is rented: idle it must not keep payloads alive.
            message.Clear();
            message.IsInPool = true;
            _idle.Push(message);
        }
    }

    /// <summary>The node will send nothing for a while: what is idle becomes garbage.</summary>
    public void Shrink()
    {
        _idle.Clear();
        _idle.TrimExcess();
    }
}
