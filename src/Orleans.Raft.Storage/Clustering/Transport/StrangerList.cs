using System.Net.Sockets;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// Connections that are not through the handshake, oldest first. When there are too many the oldest goes, not the newcomer: a peer is through in
/// milliseconds, so whoever holds connections open without a word shuts out himself and nobody else.
/// </summary>
internal sealed class StrangerList
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Socket> _strangers = new();

    /// <summary>Takes a connection in; closes the oldest one if that makes too many.</summary>
    public LinkedListNode<Socket> Add(Socket connection)
    {
        Socket? oldest = null;
        LinkedListNode<Socket> node;
        lock (_gate)
        {
            if (_strangers.Count >= TransportLimits.MaxStrangers)
            {
                oldest = _strangers.First!.Value;
                _strangers.RemoveFirst();
            }

            node = _strangers.AddLast(connection);
        }

        oldest?.Dispose();
        return node;
    }

    /// <summary>Takes a connection out, because it is no stranger any more or over; false if it had to make room before.</summary>
    public bool Remove(LinkedListNode<Socket> stranger)
    {
        lock (_gate)
        {
            if (stranger.List is null)
            {
                return false;
            }

            _strangers.Remove(stranger);
            return true;
        }
    }
}
