using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <summary>
/// Messages of one node that its host has given back. Bounded in number, and no message keeps room for more entries than a usual burst has: a process
/// holds thousands of nodes.
/// </summary>
internal sealed class MessagePool
{
    private const int MaxIdle = 64;

    private readonly Stack<Message> _idle = [];

    public Message Rent()
    {
        if (!_idle.TryPop(out var message))
        {
            return new Message();
        }

        message.IsInPool = false;
        return message;
    }

    public void Return(Message message)
    {
        if (!message.IsInPool && _idle.Count < MaxIdle)
        {
            message.Clear();
            message.IsInPool = true;
            _idle.Push(message);
        }
    }
}
