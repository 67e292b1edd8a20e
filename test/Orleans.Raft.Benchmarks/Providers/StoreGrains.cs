using Orleans.Raft.Benchmarks.Provider;
using Orleans.Runtime;

namespace Orleans.Raft.Benchmarks.Providers;

/// <summary>State in Redis as it is without a configuration file: in memory, a snapshot now and then.</summary>
[GrainType("redis-state")]
internal sealed class RedisStateGrain([PersistentState("state", "redis")] IPersistentState<BenchmarkState> state) : StateGrain(state);

/// <summary>State in a Redis that syncs its log before each answer.</summary>
[GrainType("redis-synced-state")]
internal sealed class SyncedRedisStateGrain([PersistentState("state", "redis-synced")] IPersistentState<BenchmarkState> state) : StateGrain(state);

/// <summary>State in PostgreSQL as it is without changes: each commit is synced.</summary>
[GrainType("postgresql-state")]
internal sealed class PostgreSqlStateGrain([PersistentState("state", "postgresql")] IPersistentState<BenchmarkState> state) : StateGrain(state);
